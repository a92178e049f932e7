using System.Globalization;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Patterns;

/// <summary>Reads a regular expression in Oniguruma's (Ruby's) syntax.</summary>
internal sealed partial class PatternParser
{
    private const int MaxNesting = 100;

    private static readonly CodePointSet Newline = CodePointSet.Of('\n');
    private static readonly CodePointSet LineBreak = CodePointSet.FromRanges([(10, 13), (0x85, 0x85), (0x2028, 0x2029)]);

    private readonly string _pattern;
    private readonly bool _hasNames;
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private int _at;
    private int _nesting;
    private int _classNesting;
    private bool _ignoresCase;
    private bool _dotMatchesAll;
    private bool _isExtended;

    private PatternParser(string pattern)
    {
        _pattern = pattern;
        // Beside a named group, plain parentheses do not capture.
        for (int i = pattern.IndexOf("(?<", StringComparison.Ordinal); i >= 0 && !_hasNames; i = pattern.IndexOf("(?<", i + 1, StringComparison.Ordinal))
            _hasNames = i + 3 < pattern.Length && pattern[i + 3] is not ('=' or '!');
    }

    /// <summary>How many groups capture.</summary>
    public int Captures { get; private set; }

    public static (PatternNode Root, int Captures) Parse(string pattern)
    {
        PatternParser parser = new(pattern);
        PatternNode root = parser.Choice();
        if (parser._at < pattern.Length)
            throw parser.Error("unmatched )");
        return (root, parser.Captures);
    }

    private bool IsAtEnd => _at >= _pattern.Length;

    private PatternNode Choice()
    {
        if (++_nesting > MaxNesting)
            throw Error($"nested more than {MaxNesting} deep");
        List<PatternNode> choices = [Sequence()];
        while (Accept('|'))
            choices.Add(Sequence());
        _nesting--;
        return choices.Count == 1 ? choices[0] : new PatternNode.Choice(choices);
    }

    private PatternNode Sequence()
    {
        List<PatternNode> items = [];
        while (!IsAtEnd && _pattern[_at] is not ('|' or ')'))
        {
            if (_isExtended && SkipExtended())
                continue;
            if (Atom() is PatternNode atom)
                items.Add(Repeated(atom));
        }

        return items.Count == 1 ? items[0] : new PatternNode.Sequence(items);
    }

    private bool SkipExtended()
    {
        if (char.IsWhiteSpace(_pattern[_at]))
        {
            _at++;
            return true;
        }

        if (_pattern[_at] != '#')
            return false;
        int end = _pattern.IndexOf('\n', _at);
        _at = end < 0 ? _pattern.Length : end + 1;
        return true;
    }

    private PatternNode Repeated(PatternNode item)
    {
        while (!IsAtEnd)
        {
            if (_isExtended && SkipExtended())
                continue;
            RepeatKind kind = RepeatKind.Greedy;
            if (Accept('*'))
                item = Suffixed(item, 0, int.MaxValue);
            else if (Accept('+'))
                item = Suffixed(item, 1, int.MaxValue);
            else if (Accept('?'))
                item = Suffixed(item, 0, 1);
            else if (Interval() is (int min, int max))
            {
                if (min > max)
                    (min, max, kind) = (max, min, RepeatKind.Possessive);
                else if (Accept('?'))
                    kind = RepeatKind.Lazy;
                item = min == max && kind == RepeatKind.Lazy
                    ? new PatternNode.Repeat(Repeat(item, min, max, RepeatKind.Greedy), 0, 1, RepeatKind.Lazy)
                    : Repeat(item, min, max, kind);
            }
            else
            {
                return item;
            }
        }

        return item;
    }

    private PatternNode Suffixed(PatternNode item, int min, int max) =>
        Repeat(item, min, max, Accept('?') ? RepeatKind.Lazy : Accept('+') ? RepeatKind.Possessive : RepeatKind.Greedy);

    private static PatternNode Repeat(PatternNode item, int min, int max, RepeatKind kind) =>
        kind == RepeatKind.Possessive ? new PatternNode.Atomic(new PatternNode.Repeat(item, min, max, RepeatKind.Greedy))
        : new PatternNode.Repeat(item, min, max, kind);

    /// <summary>{n}, {n,}, {,m}, {n,m}; anything else in braces is literal.</summary>
    private (int Min, int Max)? Interval()
    {
        if (IsAtEnd || _pattern[_at] != '{')
            return null;
        int close = _pattern.IndexOf('}', _at);
        if (close < 0)
            return null;
        string[] bounds = _pattern[(_at + 1)..close].Split(',');
        if (bounds.Length > 2 || bounds.Any(bound => !bound.All(char.IsAsciiDigit)) || bounds.All(bound => bound.Length == 0))
            return null;
        int[] values = [.. bounds.Select(bound => bound.Length == 0 ? -1 : bound.Length > 6 ? int.MaxValue : int.Parse(bound, CultureInfo.InvariantCulture))];
        if (values.Any(value => value > 100_000))
            throw Error("too big a number in a repeat");
        _at = close + 1;
        int min = Math.Max(0, values[0]);
        return (min, values.Length == 1 ? min : values[1] < 0 ? int.MaxValue : values[1]);
    }

    private PatternNode? Atom()
    {
        char c = _pattern[_at];
        switch (c)
        {
            case '(':
                _at++;
                return Group();
            case '[':
                _at++;
                return new PatternNode.Set(Class());
            case '.':
                _at++;
                return new PatternNode.Set(_dotMatchesAll ? CodePointSet.All : Newline.Complement());
            case '^':
                _at++;
                return new PatternNode.At(Place.LineStart);
            case '$':
                _at++;
                return new PatternNode.At(Place.LineEnd);
            case '\\':
                _at++;
                return Escape();
            case '*' or '+' or '?':
                throw Error("target of repeat operator is not specified");
            default:
                return Literal(Next());
        }
    }

    private PatternNode.Set Literal(int codePoint) => new(Cased(CodePointSet.Of(codePoint)));

    private CodePointSet Cased(CodePointSet set) => _ignoresCase ? CaseFolding.Close(set) : set;

    private PatternNode? Group()
    {
        if (!Accept('?'))
        {
            if (_hasNames)
                return Enclosed(item => item);
            int number = ++Captures;
            return Enclosed(item => new PatternNode.Capture(item, number));
        }

        if (IsAtEnd)
            throw Error("end of pattern in group");
        char kind = _pattern[_at++];
        switch (kind)
        {
            case ':':
                return Enclosed(item => item);
            case '=':
                return Enclosed(item => new PatternNode.Look(item, false, false));
            case '!':
                return Enclosed(item => new PatternNode.Look(item, false, true));
            case '>':
                return Enclosed(item => new PatternNode.Atomic(item));
            case '#':
                int close = _pattern.IndexOf(')', _at);
                _at = close < 0 ? throw Error("end of pattern in group") : close + 1;
                return null;
            case '<' when Accept('='):
                return Enclosed(item => new PatternNode.Look(item, true, false));
            case '<' when Accept('!'):
                return Enclosed(item => new PatternNode.Look(item, true, true));
            case '<' or '\'':
                int end = _pattern.IndexOf(kind == '<' ? '>' : '\'', _at);
                if (end <= _at)
                    throw Error("invalid group name");
                int named = ++Captures;
                _names[_pattern[_at..end]] = named;
                _at = end + 1;
                return Enclosed(item => new PatternNode.Capture(item, named));
            default:
                _at--;
                return Options();
        }
    }

    private PatternNode Enclosed(Func<PatternNode, PatternNode> make)
    {
        (bool, bool, bool) options = (_ignoresCase, _dotMatchesAll, _isExtended);
        PatternNode inner = Choice();
        if (!Accept(')'))
            throw Error("end pattern with unmatched parenthesis");
        (_ignoresCase, _dotMatchesAll, _isExtended) = options;
        return make(inner);
    }

    /// <summary>(?imx-imx) holds to the end of the enclosing group, other choices included; (?imx-imx:...) within itself.</summary>
    private PatternNode Options()
    {
        (bool, bool, bool) options = (_ignoresCase, _dotMatchesAll, _isExtended);
        bool on = true;
        for (; !IsAtEnd; _at++)
        {
            switch (_pattern[_at])
            {
                case '-':
                    on = false;
                    break;
                case 'i':
                    _ignoresCase = on;
                    break;
                case 'm':
                    _dotMatchesAll = on;
                    break;
                case 'x':
                    _isExtended = on;
                    break;
                case ':':
                    _at++;
                    PatternNode inner = Choice();
                    if (!Accept(')'))
                        throw Error("end pattern with unmatched parenthesis");
                    (_ignoresCase, _dotMatchesAll, _isExtended) = options;
                    return inner;
                case ')':
                    _at++;
                    PatternNode rest = Choice();
                    (_ignoresCase, _dotMatchesAll, _isExtended) = options;
                    return rest;
                default:
                    throw Error("undefined group option");
            }
        }

        throw Error("end of pattern in group");
    }

    private int Next()
    {
        int codePoint = CodePoints.At(_pattern, _at);
        _at += CodePoints.Width(codePoint);
        return codePoint;
    }

    private bool Accept(char c)
    {
        if (IsAtEnd || _pattern[_at] != c)
            return false;
        _at++;
        return true;
    }

    private bool Accept(string text)
    {
        if (string.CompareOrdinal(_pattern, _at, text, 0, text.Length) != 0)
            return false;
        _at += text.Length;
        return true;
    }

    private TokenizerException Error(string what) =>
        new($"Regex pattern '{_pattern}' cannot be read at position {_at}: {what}. The syntax is Oniguruma's.");
}
