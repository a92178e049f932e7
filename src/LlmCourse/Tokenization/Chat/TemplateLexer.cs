using System.Globalization;

namespace LlmCourse.Tokenization.Chat;

/// <summary>
/// Cuts a template into tokens the way chat templates are read: <c>trim_blocks</c> and <c>lstrip_blocks</c> are on
/// (the newline after a block and the blanks before one go), and the template's last newline is dropped.
/// </summary>
internal sealed class TemplateLexer
{
    // Longest first.
    private static readonly string[] Operators =
    [
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ":", "|", ",", ";",
        "(", ")", "[", "]", "{", "}",
    ];

    private readonly string _text;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private int _lineCountedTo;

    private TemplateLexer(string text) => _text = text;

    public static IReadOnlyList<TemplateToken> Tokenize(string template)
    {
        string text = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (text.EndsWith('\n'))
            text = text[..^1];
        var lexer = new TemplateLexer(text);
        lexer.ReadTemplate();
        return lexer._tokens;
    }

    private void ReadTemplate()
    {
        while (NextTag() is var tag && tag >= 0)
        {
            char kind = _text[tag + 1];
            AddData(tag, isPrint: kind == '{');
            _at = tag + 2;
            if (Peek() is '-' or '+')
                _at++;
            if (kind == '#')
                SkipComment();
            else if (kind == '%' && TryReadRaw())
                continue;
            else
                ReadTag(kind == '{');
        }

        AddData(_text.Length, isPrint: true);
        Add(TokenKind.End, "");
    }

    private int NextTag()
    {
        for (int at = _at; (at = _text.IndexOf('{', at)) >= 0 && at + 1 < _text.Length; at++)
        {
            if (_text[at + 1] is '{' or '%' or '#')
                return at;
        }

        return -1;
    }

    /// <summary>Adds the text up to a tag, without the blanks that the tag takes away.</summary>
    private void AddData(int tag, bool isPrint)
    {
        int end = tag;
        char sign = tag + 2 < _text.Length ? _text[tag + 2] : '\0';
        if (tag < _text.Length && sign == '-')
        {
            while (end > _at && PythonStrings.IsSpace(_text[end - 1]))
                end--;
        }
        else if (!isPrint && sign != '+')
        {
            int start = end;
            while (start > _at && _text[start - 1] != '\n' && PythonStrings.IsSpace(_text[start - 1]))
                start--;
            if (start == 0 || _text[start - 1] == '\n')
                end = start;
        }

        if (end > _at)
            Add(TokenKind.Data, _text[_at..end]);
        _at = tag;
    }

    private void SkipComment()
    {
        int close = _text.IndexOf("#}", _at, StringComparison.Ordinal);
        if (close < 0)
            throw Error("a comment is never closed with '#}'");
        char sign = close > _at ? _text[close - 1] : '\0';
        _at = close + 2;
        AfterBlock(sign);
    }

    private bool TryReadRaw()
    {
        if (MatchKeyword(_at, "raw") is not { } open)
            return false;
        _at = open.End;
        AfterBlock(open.Sign == '-' ? '-' : '+');
        for (int tag = _at; (tag = _text.IndexOf("{%", tag, StringComparison.Ordinal)) >= 0; tag += 2)
        {
            int name = tag + 2;
            if (name < _text.Length && _text[name] is '-' or '+')
                name++;
            if (MatchKeyword(name, "endraw") is not { } close)
                continue;
            AddData(tag, isPrint: false);
            _at = close.End;
            AfterBlock(close.Sign);
            return true;
        }

        throw Error("a raw block is never closed with 'endraw'");
    }

    /// <summary>Where the tag ends and the sign before its end, if it consists of just this keyword.</summary>
    private (int End, char Sign)? MatchKeyword(int at, string keyword)
    {
        at = SkipSpace(at);
        if (string.CompareOrdinal(_text, at, keyword, 0, keyword.Length) != 0)
            return null;
        at = SkipSpace(at + keyword.Length);
        char sign = at < _text.Length && _text[at] is '-' or '+' ? _text[at++] : '\0';
        return string.CompareOrdinal(_text, at, "%}", 0, 2) == 0 ? (at + 2, sign) : null;
    }

    private int SkipSpace(int at)
    {
        while (at < _text.Length && PythonStrings.IsSpace(_text[at]))
            at++;
        return at;
    }

    /// <summary>Skips what the end of a block or comment takes with it: all blanks, nothing, or one newline.</summary>
    private void AfterBlock(char sign)
    {
        if (sign == '-')
            _at = SkipSpace(_at);
        else if (sign != '+' && Peek() == '\n')
            _at++;
    }

    private void ReadTag(bool isPrint)
    {
        Add(isPrint ? TokenKind.PrintBegin : TokenKind.BlockBegin, isPrint ? "{{" : "{%");
        string close = isPrint ? "}}" : "%}";
        var open = new Stack<char>();
        while (true)
        {
            _at = SkipSpace(_at);
            if (_at >= _text.Length)
                throw Error($"the template ends inside a tag, '{close}' is missing");
            if (open.Count == 0 && TryReadTagEnd(close, isPrint))
                return;
            ReadToken(open);
        }
    }

    private bool TryReadTagEnd(string close, bool isPrint)
    {
        char sign = Peek() is '-' || (Peek() is '+' && !isPrint) ? Peek() : '\0';
        int at = sign == '\0' ? _at : _at + 1;
        if (string.CompareOrdinal(_text, at, close, 0, 2) != 0)
            return false;
        Add(isPrint ? TokenKind.PrintEnd : TokenKind.BlockEnd, close);
        _at = at + 2;
        if (!isPrint || sign == '-')
            AfterBlock(sign);
        return true;
    }

    private void ReadToken(Stack<char> open)
    {
        char c = Peek();
        if (c is '"' or '\'')
            ReadString(c);
        else if (char.IsAsciiDigit(c))
            ReadNumber();
        else if (char.IsLetter(c) || c == '_')
            ReadName();
        else
            ReadOperator(open);
    }

    private void ReadOperator(Stack<char> open)
    {
        string symbol = Operators.FirstOrDefault(o => string.CompareOrdinal(_text, _at, o, 0, o.Length) == 0)
            ?? throw Error($"unexpected character '{Peek()}'");
        if (symbol is "(" or "[" or "{")
            open.Push(symbol switch { "(" => ')', "[" => ']', _ => '}' });
        else if (symbol is ")" or "]" or "}" && (!open.TryPop(out char expected) || expected != symbol[0]))
            throw Error($"unexpected '{symbol}'");
        Add(TokenKind.Operator, symbol);
        _at += symbol.Length;
    }

    private void ReadName()
    {
        int end = _at;
        while (end < _text.Length && (char.IsLetterOrDigit(_text[end]) || _text[end] == '_'
            || char.GetUnicodeCategory(_text[end]) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark))
            end++;
        Add(TokenKind.Name, _text[_at..end]);
        _at = end;
    }

    private void ReadNumber()
    {
        (int end, bool isFloat) = NumberLiteral.Measure(_text, _at);
        Add(isFloat ? TokenKind.Float : TokenKind.Integer, _text[_at..end]);
        _at = end;
    }

    private void ReadString(char quote)
    {
        int end = _at + 1;
        while (end < _text.Length && _text[end] != quote)
            end += _text[end] == '\\' ? 2 : 1;
        if (end >= _text.Length)
            throw Error("a string is never closed");
        string value = StringLiteral.Unescape(_text[(_at + 1)..end]) ?? throw Error("a string has a malformed escape sequence");
        Add(TokenKind.String, value);
        _at = end + 1;
    }

    private char Peek() => _at < _text.Length ? _text[_at] : '\0';

    private int Line()
    {
        _line += _text.AsSpan(_lineCountedTo, _at - _lineCountedTo).Count('\n');
        _lineCountedTo = _at;
        return _line;
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new TemplateToken(kind, text, Line()));

    private ChatTemplateException Error(string reason)
    {
        _at = Math.Min(_at, _text.Length);
        return new(ChatTemplateError.Syntax, reason, Line());
    }
}
