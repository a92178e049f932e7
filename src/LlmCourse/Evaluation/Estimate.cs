using System.Globalization;

namespace LlmCourse.Evaluation;

/// <summary>A figure measured on a sample of examples, and where it may lie on others.</summary>
/// <param name="Value">The figure on all examples.</param>
/// <param name="Low">The lower end of its interval.</param>
/// <param name="High">The upper end.</param>
public readonly record struct Estimate(double Value, double Low, double High)
{
    /// <summary>The figure with its interval.</summary>
    /// <returns>As in "0.4123 [0.3921, 0.4322]".</returns>
    public override string ToString() => $"{Show(Value)} [{Show(Low)}, {Show(High)}]";

    /// <summary>Four digits behind the point below 10, two above.</summary>
    internal static string Show(double value) => value.ToString(Math.Abs(value) < 10 ? "f4" : "f2", CultureInfo.InvariantCulture);
}
