using ScottPlot;

namespace Forgetting;

/// <summary>Every task before and after each course, as a picture file.</summary>
internal static class ForgettingPicture
{
    private const int Width = 1280, Height = 640;

    private static readonly Color[] Palette = [Colors.Gray, Colors.Crimson, Colors.Orange, Colors.SteelBlue, Colors.SeaGreen];

    public static void Save(string path, IReadOnlyList<(string Course, SuiteScores Scores)> all)
    {
        Plot plot = new();
        double size = 0.8 / all.Count;
        for (int c = 0; c < all.Count; c++)
        {
            double shift = (c - ((all.Count - 1) / 2.0)) * size;
            Color color = Palette[c % Palette.Length];
            Estimate[] estimates = [.. all[c].Scores.Tasks.Select(task => task.Scores.Estimate())];
            plot.Add.Bars(estimates.Select((estimate, place) => new Bar { Position = place + shift, Value = estimate.Value, Size = size, FillColor = color }).ToArray())
                .LegendText = all[c].Course;
            for (int place = 0; place < estimates.Length; place++)
            {
                var line = plot.Add.Line(place + shift, estimates[place].Low, place + shift, estimates[place].High);
                (line.Color, line.LineWidth) = (Colors.Black, 2);
            }
        }

        plot.Title("Share right, with 95 % intervals: the old tasks, and the new one at the right");
        plot.Axes.Bottom.SetTicks([.. all[0].Scores.Tasks.Select((_, place) => (double)place)], [.. all[0].Scores.Tasks.Select(task => task.Task)]);
        plot.Axes.SetLimitsY(0, 1.25);
        plot.ShowLegend(Alignment.UpperCenter, Orientation.Horizontal);
        plot.SavePng(path, Width, Height);
    }
}
