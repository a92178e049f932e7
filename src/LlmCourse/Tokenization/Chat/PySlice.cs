using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The <c>start:stop:step</c> of a subscript.</summary>
internal sealed record PySlice(object? Start, object? Stop, object? Step)
{
    public IEnumerable<int> Indices(int length)
    {
        if (!IsIndex(Start) || !IsIndex(Stop) || !IsIndex(Step))
            throw ChatTemplateException.Evaluation("slice indices must be integers or None");
        BigInteger step = PythonOperators.AsInteger(Step) ?? BigInteger.One;
        if (step.IsZero)
            throw ChatTemplateException.Evaluation("slice step cannot be zero");
        int first = step.Sign > 0 ? 0 : -1;
        int last = step.Sign > 0 ? length : length - 1;
        int start = Clamp(Start, step.Sign > 0 ? first : last);
        int stop = Clamp(Stop, step.Sign > 0 ? last : first);
        return Walk(start, stop, (int)BigInteger.Clamp(step, -length - 1, length + 1));

        int Clamp(object? bound, int otherwise)
        {
            if (PythonOperators.AsInteger(bound) is not { } value)
                return otherwise;
            return (int)BigInteger.Clamp(value.Sign < 0 ? value + length : value, first, last);
        }
    }

    private static IEnumerable<int> Walk(int start, int stop, int step)
    {
        for (int i = start; step > 0 ? i < stop : i > stop; i += step)
            yield return i;
    }

    private static bool IsIndex(object? bound) => bound is null || PythonOperators.AsInteger(bound) is not null;
}
