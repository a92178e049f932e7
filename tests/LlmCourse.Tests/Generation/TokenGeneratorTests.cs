using LlmCourse.Generation;
using LlmCourse.Transformers;

namespace LlmCourse.Tests.Generation;

/// <summary>The decoding loop: with a cache as without, in a batch as alone, to the end or cancelled.</summary>
public sealed class TokenGeneratorTests
{
    private static readonly int[][] Prompts = TinyFamilies.Rows(21, 7, 3, 5, 1);

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void A_cache_changes_no_token(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        IReadOnlyList<Completion> together = Generate(model, Prompts, new() { MaxNewTokens = 20 });
        for (int r = 0; r < Prompts.Length; r++)
        {
            Assert.Equal(Uncached.Greedy(model, ForwardContext.Evaluation, Prompts[r], 20), together[r].Tokens);
            Assert.Equal(together[r].Tokens, Generate(model, [Prompts[r]], new() { MaxNewTokens = 20 })[0].Tokens);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void A_seed_gives_each_row_the_same_tokens_in_every_batch(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        GenerationOptions options = new() { MaxNewTokens = 16, Temperature = 1.5, Seed = 5 };
        int[][] equal = [.. Enumerable.Repeat(Prompts[0], 6)];
        IReadOnlyList<Completion> six = Generate(model, equal, options);
        for (int size = 1; size < 6; size++)
            Assert.Equal(Tokens(six).Take(size), Tokens(Generate(model, equal[..size], options)));
        Assert.True(Tokens(six).Select(tokens => string.Join(' ', tokens)).Distinct().Count() > 1, "all rows drew the same");
        Assert.NotEqual(Tokens(six), Tokens(Generate(model, equal, options with { Seed = 6 })));

        // A neighbour's prompt and padding are nothing to a row either.
        Assert.Equal(six[0].Tokens, Generate(model, [Prompts[0], [.. Prompts[1], .. Prompts[0], .. Prompts[2]]], options)[0].Tokens);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void Finished_rows_leave_and_the_others_do_not_notice(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        GenerationOptions options = new() { MaxNewTokens = 12, Temperature = 1.2, Seed = 3 };
        IReadOnlyList<Completion> free = Generate(model, Prompts, options);
        int stop = free[0].Tokens[1];
        List<int> called = [];
        IReadOnlyList<Completion> stopped = new TokenGenerator(model, ForwardContext.Evaluation, GenerationDefaults.None)
            .Generate(Prompts, options with { EosTokenIds = [stop] }, (row, _, _) => called.Add(row));
        for (int r = 0; r < Prompts.Length; r++)
        {
            int end = free[r].Tokens.ToList().IndexOf(stop);
            Assert.Equal(end < 0 ? free[r].Tokens : free[r].Tokens.Take(end + 1), stopped[r].Tokens);
            Assert.Equal(end < 0 ? FinishReason.MaxTokens : FinishReason.EndOfSequence, stopped[r].FinishReason);
            Assert.Equal(stopped[r].Tokens.Count, called.Count(row => row == r));
            Assert.Equal(stopped[r].Tokens.Count, stopped[r].LogProbabilities.Count);
            foreach ((float with, float without) in stopped[r].LogProbabilities.Zip(free[r].LogProbabilities))
                Assert.Equal(without, with, 1e-4f);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void It_can_be_cancelled_between_tokens(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        TokenGenerator generator = new(model, ForwardContext.Evaluation, GenerationDefaults.None);
        using CancellationTokenSource cancel = new();
        int tokens = 0;
        Assert.Throws<OperationCanceledException>(() => generator.Generate(Prompts, new() { MaxNewTokens = 50 }, (row, _, _) =>
        {
            tokens++;
            if (row == 1 && tokens > Prompts.Length)
                cancel.Cancel();
        }, cancel.Token));
        Assert.Equal(2 * Prompts.Length, tokens); // the step under way is finished, no other is begun
        Assert.Throws<OperationCanceledException>(() => generator.Generate(Prompts, null, cancellationToken: cancel.Token));
    }

    [SkippableFact]
    public void A_prompt_as_long_as_the_context_is_refused()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2"); // 64 positions
        Assert.Throws<PromptTooLongException>(() => Generate(model, TinyFamilies.Rows(1, 64), new() { MaxNewTokens = 1 }));
        Completion last = Generate(model, TinyFamilies.Rows(1, 60), new() { MaxNewTokens = 9 })[0];
        Assert.Equal(FinishReason.ContextLength, last.FinishReason);
        Assert.Equal(4, last.Tokens.Count);
        Assert.Throws<ArgumentException>(() => Generate(model, [[TinyFamilies.Vocabulary]], null));
        Assert.Throws<ArgumentException>(() => Generate(model, [[]], null));
    }

    private static IEnumerable<IReadOnlyList<int>> Tokens(IReadOnlyList<Completion> completions) => completions.Select(completion => completion.Tokens);

    private static IReadOnlyList<Completion> Generate(TransformerModel model, int[][] prompts, GenerationOptions? options) =>
        new TokenGenerator(model, ForwardContext.Evaluation, GenerationDefaults.None).Generate(prompts, options);
}
