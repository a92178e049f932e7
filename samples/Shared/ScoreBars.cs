using ScottPlot;

namespace Shared;

/// <summary>A group of bars for each figure, a bar in it for each system, with its 95 % interval.</summary>
internal static class ScoreBars
{
    private static readonly Color[] Palette = [Colors.Gray, Colors.SteelBlue, Colors.Orange, Colors.SeaGreen, Colors.Crimson];

    /// <summary>Draws.</summary>
    /// <param name="plot">Where.</param>
    /// <param name="figures">What the figures are called.</param>
    /// <param name="systems">Each system with its figures, in their order.</param>
    public static void Draw(Plot plot, IEnumerable<string> figures, IReadOnlyList<(string Name, IEnumerable<MetricScores> Scores)> systems)
    {
        double size = 0.8 / systems.Count;
        for (int s = 0; s < systems.Count; s++)
        {
            Estimate[] estimates = [.. systems[s].Scores.Select(scores => scores.Estimate())];
            double shift = (s - ((systems.Count - 1) / 2.0)) * size;
            Bar[] bars = [.. estimates.Select((estimate, place) => new Bar { Position = place + shift, Value = estimate.Value, Size = size, FillColor = Palette[s % Palette.Length] })];
            plot.Add.Bars(bars).LegendText = systems[s].Name;
            for (int place = 0; place < estimates.Length; place++)
            {
                var line = plot.Add.Line(place + shift, estimates[place].Low, place + shift, estimates[place].High);
                (line.Color, line.LineWidth) = (Colors.Black, 2);
            }
        }

        string[] names = [.. figures];
        plot.Axes.Bottom.SetTicks([.. names.Select((_, place) => (double)place)], names);
    }
}
