using LlmCourse.Evaluation;
using LlmCourse.Tests.Checkpoints;

namespace LlmCourse.Tests.Evaluation;

public sealed class PerplexityTests
{
    [Fact]
    public void Windows_overlap_and_count_what_is_new()
    {
        int[] tokens = [.. Enumerable.Range(0, 9)];
        ContinuationRow[] rows = [.. PerplexityOptions.Windows(tokens, 0, window: 4, stride: 2)];
        // [0 1 2 3], [. . 4 5] behind 2 3, [. . 6 7] behind 4 5, [8] behind 6 7
        Assert.Equal(["0,1,2,3", "2,3,4,5", "4,5,6,7", "6,7,8"], rows.Select(row => string.Join(',', row.Tokens)));
        Assert.Equal([1, 2, 2, 2], rows.Select(row => row.From));
    }

    [Fact]
    public void Every_token_counts_once_whatever_the_window()
    {
        for (int length = 2; length < 24; length++)
        {
            for (int window = 2; window < 10; window++)
            {
                for (int stride = 1; stride < window; stride++)
                {
                    for (int from = 0; from < 4 && from < length; from++)
                    {
                        ContinuationRow[] rows = [.. PerplexityOptions.Windows([.. Enumerable.Range(0, length)], from, window, stride)];
                        Assert.Equal(Enumerable.Range(Math.Max(1, from), length - Math.Max(1, from)), rows.SelectMany(row => row.Tokens[row.From..]));
                        Assert.All(rows, row => Assert.InRange(row.Tokens.Length, 2, window));
                        Assert.All(rows, row => Assert.True(row.From >= 1));
                        // Behind the first window each token sees what the windows have in common, at least.
                        Assert.All(rows.Where(row => row.Tokens[0] > from), row => Assert.True(row.From >= window - stride));
                    }
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Decoders), MemberType = typeof(TinyFamilies))]
    public void A_windowed_text_has_the_scores_of_its_windows(string name)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        string text = string.Join(' ', TinyLlm.Examples(9).Select(example => example.Prompt));
        int[] tokens = llm.Tokenizer.EncodeIds(text);
        (double sum, int counted) = (0, 0);
        // Windows of 16 every 10; from the second on the first 6 were there before.
        for (int first = 0, seen = 1; seen < tokens.Length; first += 10)
        {
            int end = Math.Min(first + 16, tokens.Length);
            double[] scores = LogLikelihoodTests.FullScores(llm.Model, tokens[first..end]);
            sum -= scores.TakeLast(end - seen).Sum();
            (counted, seen) = (counted + end - seen, end);
        }

        PerplexityOptions options = new() { Window = 16, Stride = 10, CountFirstToken = false };
        PerplexityScore found = llm.Perplexity(text, options);
        Assert.Equal((tokens.Length - 1L, counted), (found.Tokens, (int)found.Tokens));
        Assert.Equal(sum, found.NegativeLogLikelihood, 1e-3);
        Assert.Equal(Math.Exp(sum / counted), found.Value, 1e-2);
        PerplexityScore fromIds = llm.PerplexityFromIds(tokens, options with { BatchSize = 1 });
        Assert.Equal(found.NegativeLogLikelihood, fromIds.NegativeLogLikelihood, 1e-3);
    }

    [SkippableFact]
    public void The_first_token_counts_behind_the_one_that_begins_a_text()
    {
        using TemporaryFolder folder = TinyLlm.Folder("gpt2");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        ContinuationScore whole = llm.LogLikelihood("", "hello world!");
        PerplexityScore found = llm.Perplexity("hello world!");
        Assert.Equal(3, found.Tokens);
        Assert.Equal(-whole.LogLikelihood, found.NegativeLogLikelihood, 1e-4);
        Assert.Equal(2, llm.Perplexity("hello world!", new PerplexityOptions { CountFirstToken = false }).Tokens);
        PerplexityScore both = PerplexityScore.Of([found, found with { Tokens = 6 }]);
        Assert.Equal((9, 2 * found.NegativeLogLikelihood), (both.Tokens, both.NegativeLogLikelihood));
    }

    [SkippableFact]
    public void Bad_windows_and_texts_are_refused()
    {
        using TemporaryFolder folder = TinyLlm.Folder("gpt2"), other = TinyLlm.Folder("t5");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice), both = Llm.FromConfig(other.Path, 7, LogLikelihoodTests.OnDevice);
        foreach (PerplexityOptions bad in new PerplexityOptions[] { new() { Window = 1 }, new() { Window = 65 }, new() { Stride = 0 }, new() { Window = 8, Stride = 8 }, new() { BatchSize = 0 } })
            Assert.Throws<ArgumentOutOfRangeException>(() => llm.Perplexity("hello world", bad));
        Assert.ThrowsAny<ArgumentException>(() => llm.Perplexity(""));
        Assert.ThrowsAny<ArgumentException>(() => llm.Perplexity("hello", new PerplexityOptions { CountFirstToken = false }));
        Assert.ThrowsAny<ArgumentException>(() => llm.PerplexityFromIds([3]));
        Assert.Throws<InvalidOperationException>(() => both.Perplexity("hello world"));
    }
}
