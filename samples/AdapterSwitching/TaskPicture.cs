using ScottPlot;

namespace AdapterSwitching;

/// <summary>What each adapter makes of each task, as a picture file.</summary>
internal static class TaskPicture
{
    private const int Width = 960, Height = 480;

    public static void Save(string path, IReadOnlyList<(string Name, IEnumerable<MetricScores> Scores)> systems)
    {
        Plot plot = new();
        ScoreBars.Draw(plot, Meeting.Kinds, systems);
        plot.Title("ROUGE-L by task and adapter, with 95 % intervals");
        plot.Axes.SetLimitsY(0, 1.25);
        plot.ShowLegend(Alignment.UpperCenter, Orientation.Horizontal);
        plot.SavePng(path, Width, Height);
    }
}
