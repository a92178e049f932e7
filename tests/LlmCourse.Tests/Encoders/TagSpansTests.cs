using LlmCourse.Encoders;
using LlmCourse.Tokenization;

namespace LlmCourse.Tests.Encoders;

public sealed class TagSpansTests
{
    private const string Text = "ab c a. b";
    private static readonly string[] Labels = ["O", "B-X", "I-X", "I-Y"];
    private static readonly EncodedText Tokens = PretrainedTokenizer.FromJson(TinyEncoders.Tokenizer).Encode(Text);

    // [CLS] a ##b c a . b [SEP]: what the label of a token is, and how sure of it the model is.
    private static readonly (int Label, float Score)[] Said = [(3, 1), (1, 0.6f), (3, 0.9f), (2, 0.8f), (1, 0.7f), (0, 0.5f), (3, 0.4f), (3, 1)];

    [Theory]
    // The word ab is B-X by its first token, c goes on with it, a begins another one.
    [InlineData(SpanAggregation.First, "X 0-4 0.700|X 5-6 0.700|Y 8-9 0.400")]
    // Its second token is surer: I-Y, so that c stands alone.
    [InlineData(SpanAggregation.Max, "Y 0-2 0.900|X 3-4 0.800|X 5-6 0.700|Y 8-9 0.400")]
    // Means of the word: I-Y (0.9 + (1 − 0.6) / 3) / 2
    [InlineData(SpanAggregation.Average, "Y 0-2 0.517|X 3-4 0.800|X 5-6 0.700|Y 8-9 0.400")]
    [InlineData(SpanAggregation.Simple, "X 0-1 0.600|Y 1-2 0.900|X 3-4 0.800|X 5-6 0.700|Y 8-9 0.400")]
    [InlineData(SpanAggregation.None, "B-X 0-1 0.600|I-Y 1-2 0.900|I-X 3-4 0.800|B-X 5-6 0.700|I-Y 8-9 0.400")]
    public void Tokens_become_words_and_words_names(SpanAggregation aggregation, string expected)
    {
        IReadOnlyList<TaggedSpan> spans = TagSpans.Of(Text, Tokens, [.. Said.Select(Row)], label => Labels[label], aggregation);
        Assert.Equal(expected, string.Join("|", spans.Select(span => FormattableString.Invariant($"{span.Label} {span.Start}-{span.End} {span.Score:0.000}"))));
        Assert.All(spans, span => Assert.Equal(Text[span.Start..span.End], span.Text));
    }

    private static float[] Row((int Label, float Score) said) =>
        [.. Enumerable.Range(0, Labels.Length).Select(label => label == said.Label ? said.Score : (1 - said.Score) / 3)];
}
