using System.Globalization;
using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Python's escape sequences in a string literal.</summary>
internal static class StringLiteral
{
    /// <summary>The literal's value, or null where an escape is malformed.</summary>
    public static string? Unescape(string literal)
    {
        if (!literal.Contains('\\', StringComparison.Ordinal))
            return literal;
        var to = new StringBuilder(literal.Length);
        for (int i = 0; i < literal.Length; i++)
        {
            if (literal[i] != '\\' || i + 1 == literal.Length)
            {
                to.Append(literal[i]);
                continue;
            }

            char c = literal[++i];
            int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                if (!TryAppendHex(to, literal, i + 1, digits))
                    return null;
                i += digits;
            }
            else if (c is >= '0' and <= '7')
            {
                int end = i;
                int value = 0;
                while (end < literal.Length && end < i + 3 && literal[end] is >= '0' and <= '7')
                    value = value * 8 + (literal[end++] - '0');
                to.Append((char)value);
                i = end - 1;
            }
            else if (c == 'N')
            {
                return null;
            }
            else
            {
                to.Append(Simple(c));
            }
        }

        return to.ToString();
    }

    private static string Simple(char c) => c switch
    {
        '\n' => "",
        '\\' or '\'' or '"' => c.ToString(),
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        'a' => "\a",
        'b' => "\b",
        'f' => "\f",
        'v' => "\v",
        _ => "\\" + c,
    };

    private static bool TryAppendHex(StringBuilder to, string text, int at, int digits)
    {
        if (at + digits > text.Length
            || !uint.TryParse(text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value)
            || value > 0x10FFFF)
            return false;
        if (value < 0x10000)
            to.Append((char)value);
        else
            to.Append(char.ConvertFromUtf32((int)value));
        return true;
    }
}
