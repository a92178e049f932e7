using ScottPlot;

namespace Lab2.FineTuning;

/// <summary>The comparison as a picture file: the new task, and the old ones.</summary>
internal static class ComparisonPicture
{
    private const int Width = 1600, Height = 640;

    public static void Save(string path, IReadOnlyList<EvaluationResult> answers, IReadOnlyList<(string Name, SuiteScores Scores)> old)
    {
        Multiplot picture = new();
        picture.AddPlots(2);
        picture.Layout = new ScottPlot.MultiplotLayouts.Grid(1, 2);
        Draw(picture.GetPlot(0), "The new task, with 95 % intervals", [.. answers.Select(result => (result.System, result.Scores))]);
        Draw(picture.GetPlot(1), "What the model could do before", [.. old.Select(system => (system.Name, (IReadOnlyList<MetricScores>)[.. system.Scores.Tasks.Select(task => task.Scores)]))], [.. old[0].Scores.Tasks.Select(task => task.Task)]);
        picture.SavePng(path, Width, Height);
    }

    private static void Draw(Plot plot, string title, (string Name, IReadOnlyList<MetricScores> Scores)[] systems, string[]? figures = null)
    {
        ScoreBars.Draw(plot, figures ?? systems[0].Scores.Select(scores => scores.Name), [.. systems.Select(system => (system.Name, (IEnumerable<MetricScores>)system.Scores))]);
        plot.Title(title);
        plot.Axes.SetLimitsY(0, 1.25 * systems.Max(system => system.Scores.Max(scores => scores.Value)));
        plot.ShowLegend(Alignment.UpperCenter, Orientation.Horizontal);
    }
}
