using LlmCourse.Data;
using LlmCourse.Evaluation;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tests.Tokenization;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Evaluation;

public sealed class LogLikelihoodTests
{
    // Bytes have the ids 0 to 255 in the tokenizer; "he", "ll", "hell", "hello" follow, then "Ġw", "or", "Ġwor", "ld", "Ġworld".
    private const int Hell = 258, Hello = 259, World = 264;

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Decoders), MemberType = typeof(TinyFamilies))]
    public void A_continuation_is_scored_behind_its_context(string name)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        int[] tokens = llm.Tokenizer.EncodeIds("hello world!!");
        Assert.Equal([Hello, World, '!', '!'], tokens);
        double[] scores = FullScores(llm.Model, tokens);
        ContinuationScore found = llm.LogLikelihood("hello", " world!!");
        Assert.Equal((3, 0), (found.Tokens, found.CutTokens));
        Assert.Equal(scores.Sum(), found.LogLikelihood, 1e-4);
        // The same as the loss that training has of it.
        using Batch batch = Batch.ForDecoder([tokens], [1], device: TestDevice.Device);
        using Tensor loss = SupervisedLoss.Of(llm.Model, batch, ForwardContext.Evaluation);
        Assert.Equal(-3 * loss.Number(), found.LogLikelihood, 1e-4);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.EncoderDecoders), MemberType = typeof(TinyFamilies))]
    public void An_encoder_reads_the_context_and_the_decoder_the_continuation(string name)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        int[] input = llm.Tokenizer.EncodeIds("hello you"), answer = llm.Tokenizer.EncodeIds("hello!");
        using Batch batch = Batch.ForEncoderDecoder([input], [answer], llm.Model.Config.DecoderStartTokenId!.Value, padId: 0, TestDevice.Device);
        using Tensor loss = SupervisedLoss.Of(llm.Model, batch, ForwardContext.Evaluation);
        ContinuationScore found = llm.LogLikelihood("hello you", "hello!");
        Assert.Equal(answer.Length, found.Tokens);
        Assert.Equal(-answer.Length * loss.Number(), found.LogLikelihood, 1e-4);
        Assert.ThrowsAny<ArgumentException>(() => llm.LogLikelihood("", "hello"));
    }

    [SkippableFact]
    public void A_token_that_joins_both_belongs_to_the_continuation()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        int[] tokens = llm.Tokenizer.EncodeIds("hello hello");
        Assert.Equal([Hello, tokens[1], Hello], tokens);
        Assert.Equal([Hello, tokens[1], Hell], llm.Tokenizer.EncodeIds("hello hell"));
        ContinuationScore found = llm.LogLikelihood("hello hell", "o");
        Assert.Equal(1, found.Tokens);
        Assert.Equal(FullScores(llm.Model, tokens)[^1], found.LogLikelihood, 1e-4);
    }

    [SkippableFact]
    public void Blanks_behind_the_context_go_to_the_continuation()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        ContinuationScore moved = llm.LogLikelihood("hello ", "world");
        Assert.Equal(1, moved.Tokens);
        Assert.Equal(llm.LogLikelihood("hello", " world"), moved);
    }

    [SkippableFact]
    public void Without_a_context_the_first_token_stands_behind_the_one_that_begins_a_text()
    {
        using TemporaryFolder folder = TinyLlm.Folder("gpt2");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        int first = llm.Model.Config.BosTokenId ?? TinyLlm.End;
        double[] scores = FullScores(llm.Model, [first, Hello, World]);
        Assert.Equal(scores.Sum(), llm.LogLikelihood("", "hello world").LogLikelihood, 1e-4);
        // "hell" and "o" come into one token: nothing is left of the context.
        Assert.Equal(scores[0], llm.LogLikelihood("hell", "o").LogLikelihood, 1e-4);
        ContinuationEncoder none = new() { Tokenizer = TinyTokenizers.ByteLevel(), FirstId = null, Limit = null };
        Assert.ThrowsAny<ArgumentException>(() => none.Encode("", "hello"));
        Assert.Equal((1, 1), (none.Encode("hello", " world").From, none.Encode("hello", " world").Scored));
    }

    [Fact]
    public void What_a_tokenizer_puts_in_front_is_read_and_what_it_puts_behind_is_not()
    {
        // [CLS] = 2 in front, [SEP] = 3 behind, "a" = 10, "!" = 8.
        ContinuationEncoder encoder = new() { Tokenizer = TinyTokenizers.WordPiece(), FirstId = null, Limit = null };
        ContinuationRow row = encoder.Encode("a", "!");
        Assert.Equal([2, 10, 8], row.Tokens);
        Assert.Equal(2, row.From);
        (int[] whole, int from) = encoder.EncodeWhole("a");
        Assert.Equal([2, 10], whole);
        Assert.Equal(1, from);
        ContinuationRow answer = (encoder with { DecoderStartId = 7 }).Encode("a", "!");
        Assert.Equal([2, 10, 3], answer.Input!);
        Assert.Equal([7, 2, 8], answer.Tokens);
        Assert.Equal(2, answer.From);
    }

    [SkippableFact]
    public void Of_a_context_that_is_too_long_the_end_is_read()
    {
        using TemporaryFolder folder = TinyLlm.Folder("gpt2"); // reads 64 tokens
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        string context = string.Concat(Enumerable.Repeat("ab", 50));
        int[] tokens = llm.Tokenizer.EncodeIds(context + "AB");
        Assert.Equal(102, tokens.Length);
        ContinuationScore found = llm.LogLikelihood(context, "AB");
        Assert.Equal((2, 37), (found.Tokens, found.CutTokens)); // 102 − 65: 64 are read, and the last is only scored
        using DisposeScope scope = NewDisposeScope();
        using var noGrad = no_grad();
        int[] read = tokens[37..101];
        Batch batch = new(Sequences.FromRows([read], device: TestDevice.Device));
        Tensor log = llm.Model.Logits(batch).log_softmax(-1);
        Assert.Equal(log[0, 62, tokens[100]].Number() + log[0, 63, tokens[101]].Number(), found.LogLikelihood, 1e-4);
        Assert.Equal(64, llm.LogLikelihood("a", context[..64]).Tokens);
        Assert.Throws<SequenceTooLongException>(() => llm.LogLikelihood("a", context[..65]));
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void A_score_depends_on_its_own_pair_only(string name)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        (string, string)[] pairs = [.. TinyLlm.Examples(11).Select(example => (example.Prompt, example.Completion + example.Prompt)), ("hello", " world")];
        ContinuationScore[] alone = [.. pairs.Select(pair => llm.LogLikelihood(pair.Item1, pair.Item2))];
        foreach (int size in new[] { 1, 3, 50 })
        {
            IReadOnlyList<ContinuationScore> together = llm.LogLikelihoods(pairs, size);
            Assert.All(alone.Zip(together), both =>
            {
                Assert.Equal(both.First.LogLikelihood, both.Second.LogLikelihood, 1e-4);
                Assert.Equal(both.First.Tokens, both.Second.Tokens);
            });
        }

        Assert.Empty(llm.LogLikelihoods([]));
        Assert.ThrowsAny<ArgumentException>(() => llm.LogLikelihoods(pairs, 0));
    }

    [SkippableFact]
    public void What_greedy_search_writes_is_greedy_and_has_the_likelihood_it_says()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice);
        Completion written = llm.GenerateFromIds([[3, 4, 5]], new GenerationOptions { MaxNewTokens = 6, EosTokenIds = [], Temperature = 0 })[0];
        int[] tokens = [3, 4, 5, .. written.Tokens], other = [.. tokens];
        other[6] = (other[6] + 1) % 300;
        ContinuationScore[] scores = TokenScorer.Score(llm.Model, LlmCourse.Transformers.ForwardContext.Evaluation, [[new ContinuationRow(null, tokens, 3), new ContinuationRow(null, other, 3)]], 8)[0];
        Assert.True(scores[0].IsGreedy);
        Assert.False(scores[1].IsGreedy);
        Assert.Equal(written.LogProbabilities.Sum(), scores[0].LogLikelihood, 1e-4);
    }

    [SkippableFact]
    public void What_has_no_likelihood_says_so()
    {
        using TemporaryFolder folder = TinyLlm.Folder("gpt2"), masked = TinyLlm.Folder("bert");
        using Llm llm = Llm.FromConfig(folder.Path, 7, OnDevice), bert = Llm.FromConfig(masked.Path, 7, OnDevice);
        Assert.ThrowsAny<ArgumentException>(() => llm.LogLikelihood("hello", ""));
        Assert.ThrowsAny<ArgumentException>(() => llm.LogLikelihood(null!, "hello"));
        Assert.Throws<InvalidOperationException>(() => bert.LogLikelihood("hello", " world"));
        Assert.ThrowsAny<ArgumentException>(() => TokenScorer.Score(llm.Model, LlmCourse.Transformers.ForwardContext.Evaluation, [[new ContinuationRow(null, [3, 300], 1)]], 8));
        using (no_grad())
            llm.Model.NamedParameters.First().Parameter.fill_(double.NaN);
        Assert.Throws<GenerationException>(() => llm.LogLikelihood("hello", " world"));
    }

    internal static LoadOptions OnDevice => new() { Device = TestDevice.Device };

    /// <summary>The log-probability of every token but the first, from the logits of all positions.</summary>
    internal static double[] FullScores(TransformerModel model, int[] tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        using var noGrad = no_grad();
        Batch batch = new(Sequences.FromRows([tokens], device: TestDevice.Device));
        Tensor log = model.Logits(batch).to(ScalarType.Float64).log_softmax(-1);
        return [.. Enumerable.Range(1, tokens.Length - 1).Select(t => log[0, t - 1, tokens[t]].Number())];
    }
}
