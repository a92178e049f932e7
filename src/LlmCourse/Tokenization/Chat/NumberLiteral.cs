using System.Globalization;
using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Number literals: decimal, 0x, 0o and 0b integers, floats; underscores may stand between digits.</summary>
internal static class NumberLiteral
{
    /// <summary>Where the literal at a digit ends, and whether it is a float.</summary>
    public static (int End, bool IsFloat) Measure(string text, int at)
    {
        if (text[at] == '0' && at + 1 < text.Length && Radix(text[at + 1]) is var radix && radix > 0)
        {
            int end = at + 2;
            while (end < text.Length && (text[end] == '_' || Digit(text[end]) < radix))
                end++;
            return end > at + 2 ? (end, false) : (at + 1, false);
        }

        int whole = Digits(text, at);
        bool afterDot = at > 0 && text[at - 1] == '.';
        int fraction = !afterDot && whole < text.Length && text[whole] == '.' ? Digits(text, whole + 1) : whole;
        bool hasFraction = fraction > whole + 1;
        int mantissa = hasFraction ? fraction : whole;
        if (!afterDot && mantissa < text.Length && text[mantissa] is 'e' or 'E')
        {
            int sign = mantissa + 1 < text.Length && text[mantissa + 1] is '+' or '-' ? 1 : 0;
            int exponent = Digits(text, mantissa + 1 + sign);
            if (exponent > mantissa + 1 + sign)
                return (exponent, true);
        }

        return (mantissa, hasFraction);
    }

    public static BigInteger Integer(string literal)
    {
        string digits = literal.Replace("_", "", StringComparison.Ordinal);
        int radix = digits.Length > 2 ? Radix(digits[1]) : 0;
        return radix > 0
            ? digits[2..].Aggregate(BigInteger.Zero, (value, digit) => value * radix + Digit(digit))
            : BigInteger.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    public static double Float(string literal) =>
        double.Parse(literal.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture);

    private static int Digits(string text, int at)
    {
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || (text[at] == '_' && at > 0 && char.IsAsciiDigit(text[at - 1])
            && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]))))
            at++;
        return at;
    }

    private static int Radix(char c) => c switch { 'x' or 'X' => 16, 'o' or 'O' => 8, 'b' or 'B' => 2, _ => 0 };

    private static int Digit(char c) => char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : int.MaxValue;
}
