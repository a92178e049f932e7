using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Lab2.FineTuning;

/// <summary>An example as the model sees it in training: which tokens are labels, and which take no part in the loss.</summary>
internal static class LabelTable
{
    private const int Ends = 4; // of a long run of tokens without labels only the ends are shown

    /// <summary>The shorter one of two examples in a batch, so that there is padding.</summary>
    public static Table Of(Llm llm, IReadOnlyList<Example> examples, BatchOptions options)
    {
        using Batch batch = llm.Batches(examples.Take(2), options with { Size = 2, Shuffle = false }).First();
        Sequences read = batch.Decoder ?? batch.Input;
        int row = read.Lengths[0] <= read.Lengths[^1] ? 0 : read.Count - 1;
        long[] ids = Row(read.Ids, row), labels = Row(batch.Labels!, row);

        Table table = new Table().Border(TableBorder.Simple).AddColumns("place", "token", "id", "label", "");
        for (int t = 0; t < ids.Length; t++)
        {
            if (IsInside(labels, t))
            {
                if (!IsInside(labels, t - 1))
                    table.AddRow("...", "", "", "", "");
                continue;
            }

            string token = llm.Tokenizer.IdToToken((int)ids[t]) ?? "";
            string meaning = labels[t] != Batch.Ignore ? "answer" : t >= read.Lengths[row] ? "padding, masked" : "prompt";
            table.AddRow(new Text($"{t}"), new Text(token.Replace("\n", "\\n")), new Text($"{ids[t]}"), new Text($"{labels[t]}", labels[t] == Batch.Ignore ? Style.Plain : new Style(Color.Green)), new Text(meaning));
        }

        return table;
    }

    // Far from the ends of a run without labels.
    private static bool IsInside(long[] labels, int place)
    {
        int from = Math.Max(place - Ends, -1), to = Math.Min(place + Ends, labels.Length);
        return Enumerable.Range(from, to - from + 1).All(t => t >= 0 && t < labels.Length && labels[t] == Batch.Ignore);
    }

    private static long[] Row(Tensor rows, int row)
    {
        using DisposeScope scope = NewDisposeScope();
        return rows[row].cpu().data<long>().ToArray();
    }
}
