using ScottPlot;

namespace Lab2.FineTuning;

/// <summary>The run as a picture file: the loss over the steps, and the scores before and after.</summary>
internal static class CurvePicture
{
    private const int Side = 640;

    public static void Save(string path, TrainingResult result, (double Before, double After) heldOut, params EvaluationResult[] systems)
    {
        Multiplot picture = new();
        picture.AddPlots(2);
        picture.Layout = new ScottPlot.MultiplotLayouts.Grid(1, 2);
        DrawLoss(picture.GetPlot(0), result, heldOut);
        DrawScores(picture.GetPlot(1), systems);
        picture.SavePng(path, 2 * Side, Side);
    }

    private static void DrawLoss(Plot plot, TrainingResult result, (double Before, double After) heldOut)
    {
        double[] steps = [.. result.History.Select(step => (double)step.Step)];
        var each = plot.Add.Scatter(steps, [.. result.History.Select(step => step.Loss)]);
        (each.MarkerSize, each.Color, each.LegendText) = (0, Colors.LightGray, "each step");
        var smooth = plot.Add.Scatter(steps, [.. result.History.Select(step => step.SmoothedLoss)]);
        (smooth.MarkerSize, smooth.LineWidth, smooth.LegendText) = (0, 2, "smoothed");
        var held = plot.Add.ScatterPoints((double[])[0, steps[^1]], (double[])[heldOut.Before, heldOut.After]);
        (held.MarkerSize, held.LegendText) = (10, "test, before and after");
        plot.Title("Loss, nats a label");
        plot.XLabel("step");
        plot.Axes.SetLimitsY(0, Math.Max(result.History.Max(step => step.Loss), heldOut.Before) * 1.05);
        plot.ShowLegend(Alignment.UpperRight);
    }

    private static void DrawScores(Plot plot, EvaluationResult[] systems)
    {
        ScoreBars.Draw(plot, systems[0].Scores.Select(scores => scores.Name), [.. systems.Select(system => (system.System, (IEnumerable<MetricScores>)system.Scores))]);
        plot.Title("F1 with 95 % intervals");
        plot.Axes.SetLimitsY(0, 1);
        plot.ShowLegend(Alignment.UpperLeft);
    }
}
