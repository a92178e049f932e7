using System.Globalization;
using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>How one value is to be formatted, by <c>%</c> or by <c>format</c>.</summary>
internal sealed record FormatSpec
{
    public string Fill { get; init; } = " ";

    /// <summary>&lt;, &gt;, ^ or = (between sign and digits); nothing for the type's own side.</summary>
    public char Align { get; init; }

    /// <summary>What a number that is not negative begins with: '+', ' ' or nothing.</summary>
    public string Plus { get; init; } = "";

    public bool Alternate { get; init; }

    public int Width { get; init; }

    public string Grouping { get; init; } = "";

    public int? Precision { get; init; }

    public char Type { get; init; }

    public string Text(string text)
    {
        if (Precision is { } limit)
            text = text[..CodePointText.Offset(text, limit)];
        return Pad("", text, '<');
    }

    public string Integer(BigInteger value)
    {
        if (Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%')
            return Float((double)value);
        string digits = PythonText.Integer(BigInteger.Abs(value));
        string prefix = "";
        if (Type is 'x' or 'X' or 'o' or 'b')
        {
            digits = Radix(BigInteger.Abs(value), Type switch { 'o' => 3, 'b' => 1, _ => 4 });
            digits = Type == 'X' ? digits.ToUpperInvariant() : digits;
            prefix = Alternate ? "0" + Type : "";
        }

        digits = digits.PadLeft(Math.Min(Precision ?? 0, Run.MaxLength), '0');
        return Pad((value.Sign < 0 ? "-" : Plus) + prefix, Grouped(digits), '>');
    }

    public string Float(double value)
    {
        string sign = value < 0 || (value == 0 && double.IsNegative(value)) ? "-" : Plus;
        double size = Math.Abs(value) * (Type == '%' ? 100 : 1);
        int precision = Math.Min(Precision ?? 6, 1000);
        string digits = !double.IsFinite(size) ? PythonText.Float(size) : Type switch
        {
            'f' or 'F' => Fixed(size, precision),
            '%' => Fixed(size, precision) + "%",
            'e' or 'E' => Exponent(size, precision),
            'g' or 'G' => General(size, precision),
            _ when Precision is not null => General(size, precision),
            _ => PythonText.Float(size),
        };
        return Pad(sign, Grouped(Type is 'E' or 'G' or 'F' ? digits.ToUpperInvariant() : digits), '>');
    }

    private string Pad(string sign, string body, char ownSide)
    {
        char align = Align == '\0' ? ownSide : Align;
        if (align == '=')
            return sign + PythonStrings.Pad(body, Width - sign.Length, Fill, 1);
        int missing = Width - CodePointText.Count(sign + body);
        if (align == '^' && missing > 0)
            return PythonStrings.Pad(PythonStrings.Pad(sign + body, Width - missing + missing / 2, Fill, 1), Width, Fill, -1);
        return PythonStrings.Pad(sign + body, Width, Fill, align == '<' ? -1 : 1);
    }

    private string Grouped(string digits)
    {
        if (Grouping.Length == 0)
            return digits;
        int end = digits.TakeWhile(char.IsAsciiHexDigit).Count();
        for (int at = end - 3; at > 0; at -= 3)
            digits = digits.Insert(at, Grouping);
        return digits;
    }

    private static string Radix(BigInteger value, int bits)
    {
        Stack<char> digits = new();
        do
        {
            digits.Push("0123456789abcdef"[(int)(value & ((1 << bits) - 1))]);
            value >>= bits;
        }
        while (!value.IsZero);
        return string.Concat(digits);
    }

    /// <summary>Rounded on the exact binary value, ties to even, as Python does.</summary>
    public static string Fixed(double size, int precision)
    {
        long bits = BitConverter.DoubleToInt64Bits(size);
        int exponent = (int)((bits >> 52) & 0x7FF);
        BigInteger numerator = (bits & 0xFFFFFFFFFFFFFL) | (exponent == 0 ? 0 : 1L << 52);
        int shift = Math.Max(exponent, 1) - 1075;
        numerator = numerator * BigInteger.Pow(10, precision) << Math.Max(shift, 0);
        BigInteger divisor = BigInteger.One << Math.Max(-shift, 0);
        BigInteger quotient = BigInteger.DivRem(numerator, divisor, out BigInteger rest);
        int half = (rest * 2).CompareTo(divisor);
        if (half > 0 || (half == 0 && !quotient.IsEven))
            quotient++;
        string digits = quotient.ToString(CultureInfo.InvariantCulture).PadLeft(precision + 1, '0');
        return precision == 0 ? digits : digits[..^precision] + "." + digits[^precision..];
    }

    private static string Exponent(double size, int precision)
    {
        string[] parts = size.ToString("E" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture).Split('E');
        int exponent = int.Parse(parts[1], CultureInfo.InvariantCulture);
        return $"{parts[0]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
    }

    private static string General(double size, int precision)
    {
        precision = Math.Max(precision, 1);
        string scientific = Exponent(size, precision - 1);
        int mark = scientific.IndexOf('e', StringComparison.Ordinal);
        int exponent = int.Parse(scientific.AsSpan(mark + 1), CultureInfo.InvariantCulture);
        return exponent < -4 || exponent >= precision
            ? TrimZeros(scientific[..mark]) + scientific[mark..]
            : TrimZeros(Fixed(size, precision - 1 - exponent));
    }

    private static string TrimZeros(string digits) =>
        digits.Contains('.', StringComparison.Ordinal) ? digits.TrimEnd('0').TrimEnd('.') : digits;
}
