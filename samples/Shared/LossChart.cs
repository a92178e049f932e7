using System.Globalization;
using System.Text;

namespace Shared;

/// <summary>Losses over the steps as a picture of characters, from 0 to the largest.</summary>
internal static class LossChart
{
    private const int Columns = 60;
    private const int Rows = 8;
    private const string Eighths = " ▁▂▃▄▅▆▇█";

    /// <summary>Draws.</summary>
    /// <param name="losses">The loss of each step so far.</param>
    /// <param name="steps">How many there will be.</param>
    public static string Of(IReadOnlyList<double> losses, long steps)
    {
        double[] means = [.. losses.Index().GroupBy(entry => entry.Index * Columns / steps).OrderBy(group => group.Key).Select(group => group.Average(entry => entry.Item))];
        // Fewer steps than columns: each step fills several.
        double[] columns = [.. Enumerable.Range(0, Columns).Select(column => Mean(column))];
        double highest = columns.Max();
        StringBuilder text = new();
        for (int row = Rows - 1; row >= 0; row--)
        {
            text.Append((highest * (row + 1) / Rows).ToString("0.00", CultureInfo.InvariantCulture).PadLeft(7)).Append(" ┤");
            foreach (double column in columns)
                text.Append(Eighths[Math.Clamp((int)Math.Round(((column / highest * Rows) - row) * 8), 0, 8)]);
            text.AppendLine();
        }

        return text.Append("   loss └").Append('─', Columns).AppendLine()
            .Append("    step 1").Append(steps.ToString(CultureInfo.InvariantCulture).PadLeft(Columns - 1)).ToString();

        double Mean(int column) => steps >= Columns
            ? (column < means.Length ? means[column] : 0)
            : (column * steps / Columns < losses.Count ? losses[(int)(column * steps / Columns)] : 0);
    }
}
