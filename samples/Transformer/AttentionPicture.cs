using ScottPlot;
using ScottPlot.Plottables;

namespace Transformer;

/// <summary>Cross-attention as a picture file.</summary>
internal static class AttentionPicture
{
    private const int Side = 360;

    /// <summary>Every head of every layer: layers from top to bottom, heads from left to right, colours from 0 to 1.</summary>
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
                plot.Title($"layer {layer + 1}, head {head + 1}");
                Draw(plot, attention, attention.Weights[layer][head]);
            }
        }

        picture.SavePng(path, heads * Side, layers * Side);
    }

    private static void Draw(Plot plot, CrossAttention attention, double[,] weights)
    {
        Heatmap map = plot.Add.Heatmap(weights);
        map.Colormap = new ScottPlot.Colormaps.Viridis();
        map.ManualRange = new ScottPlot.Range(0, 1);
        plot.XLabel("read");
        plot.YLabel("written");
        plot.Axes.Bottom.SetTicks(Places(attention.Read.Length), attention.Read);
        // The first row of a heat map is at its top.
        plot.Axes.Left.SetTicks(Places(attention.Written.Length), [.. attention.Written.Reverse()]);
        plot.Axes.SetLimits(-0.5, attention.Read.Length - 0.5, -0.5, attention.Written.Length - 0.5);
    }

    private static double[] Places(int count) => [.. Enumerable.Range(0, count).Select(place => (double)place)];
}
