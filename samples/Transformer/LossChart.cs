using System.Globalization;
using System.Text;

namespace Transformer;

/// <summary>The loss over the steps as a picture of characters, on a logarithmic scale that stays the same while it grows.</summary>
internal sealed class LossChart(int steps)
{
    private const int Columns = 60;
    private const int Rows = 8;
    private const double Highest = 4;
    private const double Lowest = 0.001;
    private const string Eighths = " ▁▂▃▄▅▆▇█";

    private readonly double[] _sums = new double[Columns];
    private readonly int[] _counts = new int[Columns];
    private int _step;

    public void Add(double loss)
    {
        int column = (int)((long)_step++ * Columns / steps);
        _sums[column] += loss;
        _counts[column]++;
    }

    public override string ToString()
    {
        StringBuilder text = new();
        for (int row = Rows - 1; row >= 0; row--)
        {
            double edge = Lowest * Math.Pow(Highest / Lowest, (row + 1.0) / Rows);
            text.Append(edge.ToString(edge < 0.01 ? "0.0000" : edge < 1 ? "0.000" : "0.00", CultureInfo.InvariantCulture).PadLeft(7)).Append(" ┤");
            for (int column = 0; column < Columns; column++)
                text.Append(Eighths[Math.Clamp((int)Math.Round((Height(column) - row) * 8), 0, 8)]);
            text.AppendLine();
        }

        string last = steps.ToString(CultureInfo.InvariantCulture);
        return text.Append("   loss └").Append('─', Columns).AppendLine()
            .Append("    step 1").Append(last.PadLeft(Columns - 1)).ToString();
    }

    // In rows, from 0 to Rows.
    private double Height(int column) => _counts[column] == 0
        ? 0
        : Rows * Math.Log(Math.Clamp(_sums[column] / _counts[column], Lowest, Highest) / Lowest) / Math.Log(Highest / Lowest);
}
