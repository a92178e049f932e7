using LlmCourse.Tokenization;

namespace LlmCourse.Encoders;

/// <summary>The probabilities of tokens' labels → labelled stretches of the text, as transformers' token classification joins them.</summary>
internal static class TagSpans
{
    private const string Outside = "O";

    /// <param name="text">The text.</param>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="probabilities">For each token the probability of each label.</param>
    /// <param name="labels">The labels' names.</param>
    /// <param name="aggregation">How tokens are joined.</param>
    public static IReadOnlyList<TaggedSpan> Of(
        string text, EncodedText tokens, IReadOnlyList<float[]> probabilities, Func<int, string> labels, SpanAggregation aggregation)
    {
        List<Part> parts = [];
        int? word = null;
        for (int t = 0; t < tokens.Ids.Count; t++)
        {
            if (tokens.SpecialTokensMask[t] == 1)
                continue;
            (int start, int end) = tokens.Offsets[t];
            bool continues = aggregation is SpanAggregation.First or SpanAggregation.Average or SpanAggregation.Max
                && parts.Count > 0 && tokens.WordIds[t] is { } id && id == word;
            if (continues)
                parts[^1].Join(probabilities[t], end);
            else
                parts.Add(new Part(probabilities[t], start, end));
            word = tokens.WordIds[t];
        }

        TaggedSpan[] spans = [.. parts.Select(part => part.Span(text, labels, aggregation))];
        return [.. (aggregation == SpanAggregation.None ? spans : Grouped(text, spans)).Where(span => span.Label != Outside)];
    }

    // Neighbours of one name are one, unless the second begins with B-.
    private static IEnumerable<TaggedSpan> Grouped(string text, TaggedSpan[] spans)
    {
        List<List<TaggedSpan>> groups = [];
        foreach (TaggedSpan span in spans)
        {
            if (groups.Count > 0 && Name(groups[^1][^1].Label) == Name(span.Label) && !span.Label.StartsWith("B-", StringComparison.Ordinal))
                groups[^1].Add(span);
            else
                groups.Add([span]);
        }

        return groups.Select(group => new TaggedSpan(
            Name(group[0].Label), group.Average(span => span.Score), group[0].Start, group[^1].End, text[group[0].Start..group[^1].End]));
    }

    private static string Name(string label) =>
        label.StartsWith("B-", StringComparison.Ordinal) || label.StartsWith("I-", StringComparison.Ordinal) ? label[2..] : label;

    /// <summary>A token, or the tokens of a word.</summary>
    private sealed class Part(float[] first, int start, int end)
    {
        private readonly List<float[]> _tokens = [first];
        private int _end = end;

        public void Join(float[] next, int to)
        {
            _tokens.Add(next);
            _end = to;
        }

        public TaggedSpan Span(string text, Func<int, string> labels, SpanAggregation aggregation)
        {
            double[] scores = aggregation switch
            {
                SpanAggregation.Average => [.. Enumerable.Range(0, _tokens[0].Length).Select(label => _tokens.Average(token => (double)token[label]))],
                SpanAggregation.Max => [.. _tokens.MaxBy(token => token.Max())!.Select(score => (double)score)],
                _ => [.. _tokens[0].Select(score => (double)score)],
            };
            int best = Array.IndexOf(scores, scores.Max());
            return new TaggedSpan(labels(best), scores[best], start, _end, text[start.._end]);
        }
    }
}
