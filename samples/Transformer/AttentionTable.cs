using Spectre.Console;

namespace Transformer;

/// <summary>Cross-attention as a heat map in the terminal; shades as well as colours, so that it can be read in a file too.</summary>
internal static class AttentionTable
{
    private const string Shades = " ░▒▓█";
    private const int CellWidth = 4;

    /// <summary>One row for each letter written, one column for each letter read; the denser, the more attention.</summary>
    public static Table Of(CrossAttention attention, double[,] weights)
    {
        Table table = new Table().NoBorder();
        table.AddColumn(new TableColumn("").RightAligned());
        foreach (string token in attention.Read)
            table.AddColumn(new TableColumn(new Text(token)).Padding(0, 0).NoWrap().Centered().Width(CellWidth));
        for (int t = 0; t < attention.Written.Length; t++)
        {
            List<Text> cells = [new Text(attention.Written[t])];
            for (int s = 0; s < attention.Read.Length; s++)
                cells.Add(new Text(new string(Shades[(int)Math.Round(weights[t, s] * (Shades.Length - 1))], CellWidth), Heat(weights[t, s])));
            table.AddRow(cells);
        }

        return table;
    }

    // From dark blue to yellow.
    private static Style Heat(double weight) =>
        new(new Color((byte)(60 + (195 * weight)), (byte)(60 + (140 * weight * weight)), (byte)(140 * (1 - weight))));
}
