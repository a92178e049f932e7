using ScottPlot;
using ScottPlot.Plottables;
using Spectre.Console;

namespace Transformer;

/// <summary>Cross-attention as a heat map: in the terminal, and as a file.</summary>
internal static class AttentionPicture
{
    private const string Shades = " ░▒▓█";
    private const int Side = 360;

    /// <summary>One row for each letter written, one column for each letter read; the darker, the more attention.</summary>
    public static Spectre.Console.Table ForTerminal(CrossAttention attention, double[,] weights)
    {
        Spectre.Console.Table table = new Spectre.Console.Table().NoBorder();
        table.AddColumn(new TableColumn("").RightAligned());
        foreach (string token in attention.Read)
            table.AddColumn(new TableColumn(new Text(token)).Padding(0, 0).NoWrap().Centered().Width(4));
        for (int t = 0; t < attention.Written.Length; t++)
        {
            List<Text> cells = [new Text(attention.Written[t])];
            for (int s = 0; s < attention.Read.Length; s++)
                cells.Add(new Text(new string(Shades[(int)Math.Round(weights[t, s] * (Shades.Length - 1))], 4), Heat(weights[t, s])));
            table.AddRow(cells);
        }

        return table;
    }

    /// <summary>Every head of every layer: layers from top to bottom, heads from left to right.</summary>
    public static void Save(CrossAttention attention, string path)
    {
        int layers = attention.Weights.Length, heads = attention.Weights[0].Length;
        Multiplot picture = new();
        picture.AddPlots(layers * heads);
        picture.Layout = new ScottPlot.MultiplotLayouts.Grid(layers, heads);
        for (int layer = 0; layer < layers; layer++)
        {
            for (int head = 0; head < heads; head++)
            {
                Plot plot = picture.GetPlot((layer * heads) + head);
                Heatmap map = plot.Add.Heatmap(attention.Weights[layer][head]);
                map.Colormap = new ScottPlot.Colormaps.Viridis();
                map.ManualRange = new ScottPlot.Range(0, 1);
                plot.Title($"layer {layer + 1}, head {head + 1}");
                plot.XLabel("read");
                plot.YLabel("written");
                plot.Axes.Bottom.SetTicks(Places(attention.Read.Length), attention.Read);
                // The first row of a heat map is at its top.
                plot.Axes.Left.SetTicks(Places(attention.Written.Length), [.. attention.Written.Reverse()]);
                plot.Axes.SetLimits(-0.5, attention.Read.Length - 0.5, -0.5, attention.Written.Length - 0.5);
            }
        }

        picture.SavePng(path, heads * Side, layers * Side);
    }

    private static double[] Places(int count) => [.. Enumerable.Range(0, count).Select(place => (double)place)];

    private static Style Heat(double weight) => new(new Spectre.Console.Color(
        (byte)(60 + (195 * weight)), (byte)(60 + (140 * weight * weight)), (byte)(140 * (1 - weight))));
}
