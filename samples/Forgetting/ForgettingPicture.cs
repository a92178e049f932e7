using ScottPlot;

namespace Forgetting;

/// <summary>Every task before and after each course, as a picture file.</summary>
internal static class ForgettingPicture
{
    private const int Width = 1280, Height = 640;

    public static void Save(string path, IReadOnlyList<(string Course, SuiteScores Scores)> all)
    {
        Plot plot = new();
        ScoreBars.Draw(plot, all[0].Scores.Tasks.Select(task => task.Task), [.. all.Select(course => (course.Course, course.Scores.Tasks.Select(task => task.Scores)))]);
        plot.Title("Share right, with 95 % intervals: the old tasks, and the new one at the right");
        plot.Axes.SetLimitsY(0, 1.25);
        plot.ShowLegend(Alignment.UpperCenter, Orientation.Horizontal);
        plot.SavePng(path, Width, Height);
    }
}
