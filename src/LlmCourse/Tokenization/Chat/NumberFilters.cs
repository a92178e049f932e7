using System.Globalization;
using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The filters that make numbers.</summary>
internal static class NumberFilters
{
    public static object? ToInteger(object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("int", 0, "default", "base");
        object? result = value switch
        {
            Undefined undefined => throw undefined.Failure(),
            string text => ParseInteger(text.Trim(), bound.Integer(1, 10)) ?? Truncate(ParseFloat(text)),
            double number => Truncate(number),
            _ => PythonOperators.AsInteger(value),
        };
        return result ?? bound.Value(0, BigInteger.Zero);
    }

    public static object? ToFloat(object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("float", 0, "default");
        double? result = value switch
        {
            Undefined undefined => throw undefined.Failure(),
            string text => ParseFloat(text),
            _ => PythonOperators.IsNumber(value) ? PythonOperators.AsDouble(value) : null,
        };
        return result ?? bound.Value(0, 0.0);
    }

    public static object Round(object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("round", 0, "precision", "method");
        int precision = Math.Clamp(bound.Integer(0), -400, 400);
        string method = bound.Text(1, "common");
        if (value is Undefined undefined)
            throw undefined.Failure();
        if (!PythonOperators.IsNumber(value))
            throw ChatTemplateException.Evaluation($"type {PythonText.TypeName(value)} cannot be rounded");
        if (method == "common" && precision >= 0 && value is not double)
            return PythonArithmetic.Plus(value);
        double number = PythonOperators.AsDouble(value);
        double scale = Math.Pow(10, precision);
        return method switch
        {
            "common" when precision < 0 => value is double
                ? Math.Round(number * scale) / scale
                : throw new ChatTemplateException(ChatTemplateError.Unsupported, "rounding an integer to tens is not supported"),
            "common" => double.IsFinite(number) ? Nearest(number, precision) : number,
            // Python rounds to an integer here, which has no negative zero and no infinity.
            "ceil" => (Math.Ceiling(Whole(number * scale)) + 0.0) / scale,
            "floor" => (Math.Floor(Whole(number * scale)) + 0.0) / scale,
            _ => throw ChatTemplateException.Evaluation("the method of 'round' must be common, ceil or floor"),
        };
    }

    private static double Whole(double number) =>
        double.IsFinite(number) ? number : throw ChatTemplateException.Evaluation("an infinite number, or none at all, cannot be rounded to an integer");

    private static double Nearest(double number, int precision) => Math.CopySign(
        double.Parse(FormatSpec.Fixed(Math.Abs(number), precision), NumberStyles.Float, CultureInfo.InvariantCulture), number);

    private static BigInteger? Truncate(double? number) =>
        number is { } value && double.IsFinite(value) ? new BigInteger(Math.Truncate(value)) : (BigInteger?)null;

    private static BigInteger? ParseInteger(string text, int radix)
    {
        bool negative = text.StartsWith('-');
        string digits = (negative || text.StartsWith('+') ? text[1..] : text).ToLowerInvariant();
        string prefix = radix switch { 16 => "0x", 8 => "0o", 2 => "0b", _ => "" };
        if (prefix.Length > 0 && digits.StartsWith(prefix, StringComparison.Ordinal))
            digits = digits[2..];
        if (HasBadUnderscore(digits))
            return null;
        digits = digits.Replace("_", "", StringComparison.Ordinal);
        if (digits.Length is 0 or > 4300 || !digits.All(c => char.IsAsciiDigit(c) ? c - '0' < radix : char.IsAsciiLetter(c) && c - 'a' + 10 < radix))
            return null;
        BigInteger value = digits.Aggregate(BigInteger.Zero, (v, c) => v * radix + (char.IsAsciiDigit(c) ? c - '0' : c - 'a' + 10));
        return negative ? -value : value;
    }

    /// <summary>Underscores may part digits, hexadecimal ones among them, and nothing else.</summary>
    private static bool HasBadUnderscore(string digits) => Enumerable.Range(0, digits.Length).Any(i =>
        digits[i] == '_' && !(i > 0 && i + 1 < digits.Length && char.IsAsciiLetterOrDigit(digits[i - 1]) && char.IsAsciiLetterOrDigit(digits[i + 1])));

    private static double? ParseFloat(string text)
    {
        string trimmed = PythonStrings.Strip(text, null).ToLowerInvariant();
        double sign = trimmed.StartsWith('-') ? -1 : 1;
        switch (trimmed.TrimStart('+', '-'))
        {
            case "inf" or "infinity": return sign * double.PositiveInfinity;
            case "nan": return double.NaN;
        }

        if (HasBadUnderscore(trimmed))
            return null;
        trimmed = trimmed.Replace("_", "", StringComparison.Ordinal);
        const NumberStyles style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign;
        return trimmed.Any(char.IsAsciiDigit) && double.TryParse(trimmed, style, CultureInfo.InvariantCulture, out double value) ? value : null;
    }
}
