using ScottPlot;

namespace Lab2.FineTuning;

/// <summary>What virtual tokens are close to, as a picture file: a column of words for each, the closest at the top, coloured by the cosine.</summary>
internal static class ClosenessPicture
{
    public static void Save(string path, IReadOnlyList<IReadOnlyList<NearestToken>> nearest)
    {
        int tokens = nearest.Count, words = nearest[0].Count;
        double[,] cosines = new double[words, tokens];
        using Plot plot = new();
        for (int token = 0; token < tokens; token++)
        {
            for (int rank = 0; rank < words; rank++)
            {
                NearestToken word = nearest[token][rank];
                cosines[rank, token] = word.Score;
                var text = plot.Add.Text((word.Text ?? $"{word.Id}").Replace("\n", "\\n", StringComparison.Ordinal), token, words - 1 - rank);
                (text.LabelAlignment, text.LabelFontSize, text.LabelRotation) = (Alignment.MiddleCenter, 12, -45);
            }
        }

        var map = plot.Add.Heatmap(cosines);
        (map.Colormap, map.ManualRange) = (new ScottPlot.Colormaps.Blues().Reversed(), new ScottPlot.Range(0, 1));
        plot.MoveToBack(map);
        plot.Add.ColorBar(map).Label = "cosine";
        plot.Title("The words that virtual tokens are closest to");
        plot.XLabel("virtual token");
        plot.Axes.Bottom.SetTicks([.. Enumerable.Range(0, tokens).Select(token => (double)token)], [.. Enumerable.Range(1, tokens).Select(token => $"{token}")]);
        plot.Axes.Left.SetTicks([.. Enumerable.Range(0, words).Select(rank => (double)rank)], [.. Enumerable.Range(0, words).Select(rank => $"{words - rank}.")]);
        plot.SavePng(path, 160 + (tokens * 56), 160 + (words * 72));
    }
}
