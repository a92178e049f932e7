using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Python's arithmetic, on numbers and on sequences.</summary>
internal static class PythonArithmetic
{
    private const int MaxIntegerBytes = 1 << 13;

    public static object? Apply(string symbol, object? a, object? b)
    {
        if (a is string format && symbol == "%")
            return PercentFormat.Format(format, b);
        if (a is Undefined || b is Undefined)
            throw ((a as Undefined) ?? (Undefined)b!).Failure();
        if (PythonOperators.IsNumber(a) && PythonOperators.IsNumber(b))
            return PythonOperators.AsInteger(a) is { } x && PythonOperators.AsInteger(b) is { } y
                ? Integers(symbol, x, y)
                : Floats(symbol, PythonOperators.AsDouble(a), PythonOperators.AsDouble(b));
        return (symbol, a, b) switch
        {
            ("+", string s, string t) => Concatenate(s, t),
            ("+", PyList s, PyList t) => new PyList(Concatenate(s.Items, t.Items)),
            ("+", PyTuple s, PyTuple t) => new PyTuple(Concatenate(s.Items, t.Items)),
            ("+", string or PyList or PyTuple, _) => throw ChatTemplateException.Evaluation(
                $"can only concatenate {PythonText.TypeName(a)} (not \"{PythonText.TypeName(b)}\") to {PythonText.TypeName(a)}"),
            ("*", string or PyList or PyTuple, bool or BigInteger) => Repeat(a, PythonOperators.AsInteger(b)!.Value),
            ("*", bool or BigInteger, string or PyList or PyTuple) => Repeat(b, PythonOperators.AsInteger(a)!.Value),
            _ => throw Unsupported(symbol, a, b),
        };
    }

    public static object Negate(object? value) => value switch
    {
        double d => -d,
        Undefined undefined => throw undefined.Failure(),
        _ => -(PythonOperators.AsInteger(value) ?? throw BadOperand("-", value)),
    };

    public static object Plus(object? value) => value switch
    {
        double d => d,
        Undefined undefined => throw undefined.Failure(),
        _ => PythonOperators.AsInteger(value) ?? throw BadOperand("+", value),
    };

    public static string Concatenate(string a, string b)
    {
        Run.CheckLength((long)a.Length + b.Length);
        return a + b;
    }

    private static List<object?> Concatenate(IReadOnlyList<object?> a, IReadOnlyList<object?> b)
    {
        Run.CheckLength((long)a.Count + b.Count);
        return [.. a, .. b];
    }

    private static object Repeat(object? sequence, BigInteger times)
    {
        int length = sequence is string s ? s.Length : PythonOperators.Length(sequence);
        int count = times.Sign <= 0 || length == 0 ? 0 : (int)BigInteger.Min(times, int.MaxValue);
        Run.CheckLength((long)length * count);
        if (sequence is string text)
            return string.Concat(Enumerable.Repeat(text, count));
        List<object?> items = [.. Enumerable.Repeat(PythonOperators.Iterate(sequence), count).SelectMany(x => x)];
        return sequence is PyList ? new PyList(items) : new PyTuple(items);
    }

    private static object Integers(string symbol, BigInteger a, BigInteger b)
    {
        if (b.IsZero && symbol is "/" or "//" or "%")
            throw DivisionByZero();
        if (symbol == "**")
            return Power(a, b);
        if (symbol == "/")
            return Finite((double)a / (double)b);
        BigInteger result = symbol switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "//" => FloorDivide(a, b),
            _ => a - FloorDivide(a, b) * b,
        };
        return Checked(result);
    }

    private static BigInteger FloorDivide(BigInteger a, BigInteger b)
    {
        BigInteger quotient = BigInteger.DivRem(a, b, out BigInteger rest);
        return !rest.IsZero && rest.Sign != b.Sign ? quotient - 1 : quotient;
    }

    private static object Power(BigInteger a, BigInteger b)
    {
        if (b.Sign < 0)
            return Floats("**", (double)a, (double)b);
        if (BigInteger.Abs(a) <= BigInteger.One)
            return a.Sign >= 0 ? (b.IsZero ? BigInteger.One : a) : (b.IsEven ? BigInteger.One : a);
        if (b > MaxIntegerBytes * 8 || a.GetBitLength() * (long)b > MaxIntegerBytes * 8L)
            throw TooLarge();
        return BigInteger.Pow(a, (int)b);
    }

    private static double Floats(string symbol, double a, double b)
    {
        if (b == 0 && symbol is "/" or "//" or "%" || symbol == "**" && a == 0 && b < 0)
            throw DivisionByZero();
        return symbol switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            "//" => FloorDivide(a, b),
            "%" => Modulo(a, b),
            _ => PowerOfFloat(a, b),
        };
    }

    private static double FloorDivide(double a, double b)
    {
        double whole = a - Modulo(a, b);
        double quotient = double.IsFinite(whole) ? Math.Round(whole / b) : Math.Floor(a / b);
        return quotient == 0 ? Math.CopySign(0, a / b) : quotient;
    }

    private static double PowerOfFloat(double a, double b)
    {
        if (a < 0 && double.IsFinite(b) && b != Math.Floor(b))
            throw ChatTemplateException.Evaluation("a negative number to a fractional power is complex, which is not supported");
        double result = Math.Pow(a, b);
        return double.IsInfinity(result) && double.IsFinite(a) && double.IsFinite(b)
            ? throw ChatTemplateException.Evaluation("the result of a power is too large for a float") : result;
    }

    private static double Modulo(double a, double b)
    {
        double rest = a % b;
        return rest != 0 && rest < 0 != b < 0 ? rest + b : rest == 0 ? Math.CopySign(0, b) : rest;
    }

    private static double Finite(double value) => double.IsFinite(value) ? value
        : throw ChatTemplateException.Evaluation("integer division result too large for a float");

    private static BigInteger Checked(BigInteger value) => value.GetByteCount() <= MaxIntegerBytes ? value : throw TooLarge();

    private static ChatTemplateException TooLarge() =>
        ChatTemplateException.Limit($"an integer is longer than the {MaxIntegerBytes} bytes allowed");

    private static ChatTemplateException DivisionByZero() => ChatTemplateException.Evaluation("division by zero");

    private static ChatTemplateException BadOperand(string symbol, object? value) =>
        ChatTemplateException.Evaluation($"bad operand type for unary {symbol}: '{PythonText.TypeName(value)}'");

    private static ChatTemplateException Unsupported(string symbol, object? a, object? b) => ChatTemplateException.Evaluation(
        $"unsupported operand type(s) for {symbol}: '{PythonText.TypeName(a)}' and '{PythonText.TypeName(b)}'");
}
