using ScottPlot;

namespace Pronunciation;

/// <summary>The results as picture files.</summary>
internal static class Pictures
{
    private const int Width = 900, Height = 420;

    /// <summary>Exact match by task: a group of bars for each, a bar for each system, with half its interval.</summary>
    public static void SaveBars(string path, string title, IReadOnlyList<(string System, IReadOnlyList<(string Task, Estimate Exact)> Tasks)> systems)
    {
        using Plot plot = new();
        for (int s = 0; s < systems.Count; s++)
        {
            IReadOnlyList<(string Task, Estimate Exact)> tasks = systems[s].Tasks;
            Bar[] bars = [.. Enumerable.Range(0, tasks.Count).Select(t => new Bar
            {
                Position = (t * (systems.Count + 1)) + s,
                Value = 100 * tasks[t].Exact.Value,
                Error = 50 * (tasks[t].Exact.High - tasks[t].Exact.Low),
                FillColor = plot.Add.Palette.GetColor(s),
            })];
            plot.Add.Bars(bars).LegendText = systems[s].System;
        }

        IReadOnlyList<(string Task, Estimate Exact)> first = systems[0].Tasks;
        plot.Axes.Bottom.SetTicks([.. first.Select((_, t) => (t * (systems.Count + 1)) + ((systems.Count - 1) / 2.0))], [.. first.Select(task => task.Task)]);
        plot.Axes.SetLimitsY(0, 100);
        plot.Title(title);
        plot.YLabel("exactly right, per cent");
        plot.ShowLegend(Edge.Right);
        plot.SavePng(path, Width, Height);
    }

    /// <summary>Left the loss of each step, right exact match on the way, with a line for what is to be reached.</summary>
    public static void SaveCurves(string path, IReadOnlyList<TrainingProgress> history, IReadOnlyList<Milestone> milestones, double published)
    {
        Multiplot picture = new();
        picture.AddPlots(2);
        picture.Layout = new ScottPlot.MultiplotLayouts.Grid(1, 2);
        Plot loss = picture.GetPlot(0), exact = picture.GetPlot(1);
        double[] steps = [.. history.Select(done => (double)done.Step)];
        loss.Add.ScatterLine(steps, [.. history.Select(done => done.SmoothedLoss)]);
        loss.XLabel("step");
        loss.YLabel("loss, nats a sound (smoothed)");
        loss.Axes.SetLimitsY(0, Math.Min(4, history[0].SmoothedLoss));

        exact.Add.Scatter(milestones.Select(stone => stone.Effort.Cores.TotalMinutes).ToArray(), milestones.Select(stone => 100 * stone.Exact).ToArray()).LegendText = "from nothing";
        exact.Add.HorizontalLine(100 * published).LegendText = "as published";
        exact.XLabel("minutes of one core");
        exact.YLabel("exactly right, per cent of watched words");
        exact.Axes.SetLimitsY(0, 100);
        exact.ShowLegend(Alignment.LowerRight);
        picture.SavePng(path, Width, Height);
    }
}
