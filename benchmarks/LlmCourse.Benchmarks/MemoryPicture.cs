using LlmCourse.Lifecycle;
using ScottPlot;

namespace LlmCourse.Benchmarks;

/// <summary>The planned parts of each case's fullest moment as stacked bars, and what was measured as a mark on each.</summary>
internal static class MemoryPicture
{
    private const int Width = 1200;
    private const int Height = 400;

    private static readonly (string Name, Func<MemoryParts, long> Bytes)[] Parts =
    [
        ("weights", parts => parts.Weights), ("adapter", parts => parts.Adapter), ("optimizer states", parts => parts.OptimizerStates),
        ("gradients", parts => parts.Gradients), ("activations", parts => parts.Activations), ("temporaries", parts => parts.Temporaries),
    ];

    public static void Save(string path, IReadOnlyList<(MemoryCase Case, MemoryPlan Plan, MeasuredMemory Measured)> results)
    {
        var models = results.GroupBy(result => result.Case.Title).ToArray();
        Multiplot picture = new();
        picture.AddPlots(models.Length);
        picture.Layout = new ScottPlot.MultiplotLayouts.Grid(models.Length, 1);
        for (int i = 0; i < models.Length; i++)
            Draw(picture.GetPlot(i), models[i].Key, [.. models[i]], legend: i == 0);
        picture.SavePng(path, Width, Height * models.Length);
    }

    private static void Draw(Plot plot, string title, (MemoryCase Case, MemoryPlan Plan, MeasuredMemory Measured)[] results, bool legend)
    {
        ScottPlot.Palettes.Category10 palette = new ScottPlot.Palettes.Category10();
        for (int i = 0; i < results.Length; i++)
        {
            double below = 0;
            foreach ((int part, (_, Func<MemoryParts, long> bytes)) in Parts.Index())
            {
                double size = bytes(results[i].Plan.Peak.Parts) / 1e6;
                plot.Add.Bar(new Bar { Position = i, ValueBase = below, Value = below + size, FillColor = palette.GetColor(part), LineWidth = 0, Size = 0.8 });
                below += size;
            }

            var mark = plot.Add.Marker(i, results[i].Measured.Peak / 1e6, MarkerShape.OpenDiamond, 12, Colors.Black);
            mark.MarkerLineWidth = 2;
        }

        foreach ((int part, (string name, _)) in Parts.Index())
            plot.Legend.ManualItems.Add(new LegendItem { LabelText = name, FillColor = palette.GetColor(part) });
        plot.Legend.ManualItems.Add(new LegendItem { LabelText = "measured", MarkerShape = MarkerShape.OpenDiamond, MarkerColor = Colors.Black, MarkerSize = 10, LineWidth = 0 });
        if (legend)
            plot.ShowLegend(Alignment.UpperRight);
        else
            plot.HideLegend();
        plot.Title(title);
        plot.YLabel("MB");
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. results.Index().Select(entry => new Tick(entry.Index, entry.Item.Case.Method.Replace("+", "\n+ ", StringComparison.Ordinal)))]);
        plot.Axes.Bottom.MajorTickStyle.Length = 0;
        plot.HideGrid();
        plot.Axes.Margins(bottom: 0, top: 0.15);
    }
}
