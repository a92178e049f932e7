using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Patterns;

/// <summary>What a Split or Replace searches for: a literal text or a regular expression.</summary>
internal sealed class Pattern
{
    private readonly string _text;
    private readonly Instruction[] _code = [];
    private readonly int _slots;
    private readonly CodePointSet? _first;
    private readonly bool _isLiteral;

    private Pattern(string text) => (_text, _isLiteral) = (text, true);

    private Pattern(string text, PatternNode root, int captures)
    {
        _text = text;
        (_code, _slots) = PatternCompiler.Compile(text, root, captures);
        _first = root.First();
    }

    public static Pattern Literal(string text) => new(text);

    /// <summary>Compiles a regular expression; one that cannot be read is a TokenizerException.</summary>
    public static Pattern Regex(string regex)
    {
        (PatternNode root, int captures) = PatternParser.Parse(regex);
        return new(regex, root, captures);
    }

    /// <summary>Adds all matches, in order. An empty match right behind another does not count, and an empty text has none.</summary>
    public void FindAll(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        if (text.IsEmpty)
            return;
        if (_isLiteral && _text.Length > 0)
        {
            FindLiterals(text, matches);
            return;
        }

        using Matcher matcher = new(_text, _code.Length == 0 ? Nothing : _code, _slots, text);
        int from = 0, lastEnd = -1;
        while (from <= text.Length)
        {
            matcher.Begin(from);
            int end = -1, start = from;
            for (; start <= text.Length; start += start < text.Length ? CodePoints.Width(CodePoints.At(text, start)) : 1)
            {
                if (_first is not null && (start == text.Length || !_first.Contains(CodePoints.At(text, start))))
                    continue;
                end = matcher.MatchAt(start);
                if (end >= 0)
                    break;
            }

            if (end < 0)
                return;
            if (start == end && lastEnd == end)
            {
                if (from >= text.Length)
                    return;
                from += CodePoints.Width(CodePoints.At(text, from));
                continue;
            }

            matches.Add((start, end));
            from = lastEnd = end;
        }
    }

    private static readonly Instruction[] Nothing = [new(Op.Done)];

    private void FindLiterals(ReadOnlySpan<char> text, List<(int, int)> matches)
    {
        for (int from = 0; from < text.Length;)
        {
            int at = text[from..].IndexOf(_text, StringComparison.Ordinal);
            if (at < 0)
                return;
            matches.Add((from + at, from + at + _text.Length));
            from += at + _text.Length;
        }
    }
}
