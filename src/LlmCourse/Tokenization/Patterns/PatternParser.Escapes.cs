using System.Globalization;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Patterns;

/// <content>Escapes and character classes.</content>
internal sealed partial class PatternParser
{
    private PatternNode Escape()
    {
        if (IsAtEnd)
            throw Error("end pattern at escape");
        char c = _pattern[_at];
        if (c is >= '1' and <= '9')
            return Reference(Number());
        if (EscapedSet() is CodePointSet set)
            return new PatternNode.Set(set);
        _at++;
        switch (c)
        {
            case 'A':
                return new PatternNode.At(Place.TextStart);
            case 'z':
                return new PatternNode.At(Place.TextEnd);
            case 'Z':
                return new PatternNode.At(Place.TextEndOrLastNewline);
            case 'G':
                return new PatternNode.At(Place.SearchStart);
            case 'b':
                return new PatternNode.At(Place.WordBoundary);
            case 'B':
                return new PatternNode.At(Place.NoWordBoundary);
            case 'X':
                return new PatternNode.Grapheme();
            case 'R':
                PatternNode pair = new PatternNode.Sequence([new PatternNode.Set(CodePointSet.Of('\r')), new PatternNode.Set(Newline)]);
                return new PatternNode.Atomic(new PatternNode.Choice([pair, new PatternNode.Set(LineBreak)]));
            case 'k' when Accept('<'):
                int end = _pattern.IndexOf('>', _at);
                string name = end < 0 ? throw Error("invalid backreference") : _pattern[_at..end];
                _at = end + 1;
                return _names.TryGetValue(name, out int number)
                    ? new PatternNode.Reference(number, _ignoresCase)
                    : Reference(int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out number) ? number : 0);
            case 'K' or 'g' or 'k' or 'y' or 'Y' or 'N' or 'O':
                throw Error($"\\{c} is not supported");
            default:
                _at--;
                return Literal(EscapedCodePoint());
        }
    }

    private PatternNode.Reference Reference(int number) =>
        number < 1 || number > Captures ? throw Error("invalid backreference") : new PatternNode.Reference(number, _ignoresCase);

    private int Number()
    {
        int start = _at;
        while (!IsAtEnd && char.IsAsciiDigit(_pattern[_at]) && _at < start + 4)
            _at++;
        return int.Parse(_pattern.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>\w, \p{...} and the like, inside or outside a class; null and nothing read if it is something else.</summary>
    private CodePointSet? EscapedSet()
    {
        char c = _pattern[_at];
        CodePointSet? set = char.ToLowerInvariant(c) switch
        {
            'w' => Named("word"),
            'd' => PropertySets.Digit,
            's' => CodePointClasses.Space,
            'h' => PropertySets.HexDigit,
            _ => null,
        };
        if (set is not null)
        {
            _at++;
            return char.IsUpper(c) ? set.Complement() : set;
        }

        if (c is not ('p' or 'P') || _at + 1 >= _pattern.Length || _pattern[_at + 1] != '{')
            return null;
        int close = _pattern.IndexOf('}', _at);
        if (close < 0)
            throw Error("invalid character property name");
        string name = _pattern[(_at + 2)..close];
        bool isNegated = name.StartsWith('^');
        CodePointSet named = Named(isNegated ? name[1..] : name)
            ?? throw Error($"invalid character property name {_pattern[(_at - 1)..(close + 1)]}");
        _at = close + 1;
        return isNegated != (c == 'P') ? named.Complement() : named;
    }

    /// <summary>In brackets, words have the letters of [[:word:]].</summary>
    private CodePointSet? Named(string name) => PropertySets.Named(name) is not CodePointSet set ? null
        : _classNesting > 0 && set == PropertySets.Word ? PropertySets.Posix("word") : set;

    private int EscapedCodePoint()
    {
        char c = _pattern[_at];
        switch (c)
        {
            case 't' or 'n' or 'r' or 'f' or 'v' or 'a' or 'e':
                _at++;
                return c switch { 't' => 9, 'n' => 10, 'r' => 13, 'f' => 12, 'v' => 11, 'a' => 7, _ => 27 };
            case 'x' when _at + 1 < _pattern.Length && _pattern[_at + 1] == '{':
                int close = _pattern.IndexOf('}', _at);
                int braced = close < 0 ? -1 : Hex(_pattern[(_at + 2)..close]);
                _at = close + 1;
                return braced is >= 0 and <= CodePoints.Last and not (>= 0xD800 and <= 0xDFFF) ? braced : throw Error("too big a code point");
            case 'x':
                int start = ++_at;
                while (_at < start + 2 && !IsAtEnd && char.IsAsciiHexDigit(_pattern[_at]))
                    _at++;
                int value = Hex(_pattern[start.._at]);
                return value is >= 0 and < 0x80 ? value : throw Error(@"\xHH names a single byte; write \x{HH} for a code point");
            case 'u':
                int unit = _at + 5 <= _pattern.Length ? Hex(_pattern[(_at + 1)..(_at + 5)]) : -1;
                _at = Math.Min(_pattern.Length, _at + 5);
                return unit is >= 0 and not (>= 0xD800 and <= 0xDFFF) ? unit : throw Error("invalid code point");
            case '0':
                int octal = 0;
                for (int digits = 0; digits < 3 && !IsAtEnd && _pattern[_at] is >= '0' and <= '7'; digits++)
                    octal = octal * 8 + (_pattern[_at++] - '0');
                return octal;
            default:
                return Next();
        }
    }

    private static int Hex(string digits) =>
        digits.Length is > 0 and <= 8 && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) ? value : -1;

    /// <summary>
    /// What stands in brackets: ranges, sets, nested classes and intersections. Where case is ignored, that goes for what the
    /// outermost brackets hold as a whole.
    /// </summary>
    private CodePointSet Class()
    {
        if (++_nesting > MaxNesting)
            throw Error($"nested more than {MaxNesting} deep");
        _classNesting++;
        bool isNegated = Accept('^');
        CodePointSet? intersection = null;
        CodePointSet current = CodePointSet.Empty;
        List<(int, int)> ranges = [];
        for (bool isFirst = true; ; isFirst = false)
        {
            if (IsAtEnd)
                throw Error("premature end of char-class");
            if (_pattern[_at] == ']' && !(isFirst && _pattern.IndexOf(']', _at + 1) >= 0))
            {
                if (isFirst)
                    throw Error("empty char-class");
                break;
            }

            if (Accept("&&"))
            {
                current = current.Union(CodePointSet.FromRanges(ranges));
                intersection = intersection is null ? current : intersection.Intersect(current);
                current = CodePointSet.Empty;
                ranges = [];
            }
            else if (Accept("[:"))
            {
                current = current.Union(PosixClass());
            }
            else if (Accept('['))
            {
                current = current.Union(Class());
            }
            else if (_pattern[_at] == '\\' && _at + 1 < _pattern.Length && EscapedSetInClass() is CodePointSet set)
            {
                current = current.Union(set);
            }
            else
            {
                ranges.Add(ClassRange());
            }
        }

        _at++;
        _nesting--;
        _classNesting--;
        current = current.Union(CodePointSet.FromRanges(ranges));
        CodePointSet result = intersection is null ? current : intersection.Intersect(current);
        if (_classNesting == 0)
            result = Cased(result);
        return isNegated ? result.Complement() : result;
    }

    private CodePointSet? EscapedSetInClass()
    {
        _at++;
        CodePointSet? set = EscapedSet();
        if (set is null)
            _at--;
        return set;
    }

    private (int, int) ClassRange()
    {
        int first = ClassCodePoint();
        if (IsAtEnd || _pattern[_at] != '-' || _at + 1 >= _pattern.Length || _pattern[_at + 1] is ']' or '[')
            return (first, first);
        if (_pattern[_at + 1] == '\\' && _at + 2 < _pattern.Length && _pattern[_at + 2] is 'w' or 'W' or 'd' or 'D' or 's' or 'S' or 'h' or 'H' or 'p' or 'P')
            return (first, first);
        _at++;
        int last = ClassCodePoint();
        return last < first ? throw Error("empty range in char class") : (first, last);
    }

    private int ClassCodePoint()
    {
        if (!Accept('\\'))
            return Next();
        if (IsAtEnd)
            throw Error("end pattern at escape");
        if (Accept('b'))
            return 8;
        return EscapedCodePoint();
    }

    /// <summary>Behind "[:": the class and its closing ":]"; where that is none, the bracket began a nested class.</summary>
    private CodePointSet PosixClass()
    {
        int close = _pattern.IndexOf(":]", _at, StringComparison.Ordinal);
        string name = close < 0 ? "" : _pattern[_at..close];
        bool isNegated = name.StartsWith('^');
        CodePointSet? set = name.Length == 0 ? null : PropertySets.Posix(isNegated ? name[1..] : name);
        if (set is null)
        {
            _at--;
            return Class();
        }

        _at = close + 2;
        return isNegated ? set.Complement() : set;
    }
}
