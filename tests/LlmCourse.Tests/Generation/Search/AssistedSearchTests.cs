using LlmCourse.Generation;
using LlmCourse.Tests.Adapters;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Generation;

/// <summary>A draft changes how fast tokens come, and not which: the same greedy tokens, the same law of draws.</summary>
public sealed class AssistedSearchTests
{
    private static readonly AssistedOptions Lookup = new() { PromptLookupTokens = 5 };

    // Prompts that repeat themselves, so that something is found; ragged.
    private static readonly int[][] Prompts = [.. TinyFamilies.Rows(51, 6, 3, 5, 1).Select(prompt => prompt.Concat(prompt).ToArray())];

    private static readonly GenerationOptions Greedy = new() { MaxNewTokens = 24, EosTokenIds = [3, 4], RepetitionPenalty = 1.05, NoRepeatNGramSize = 4, MinNewTokens = 2, TopAlternatives = 1 };

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void Greedy_gives_the_same_tokens(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name), other = TinyFamilies.Model(name, seed: 8);
        IReadOnlyList<Completion> plain = Generate(model, Prompts, Greedy);
        foreach (AssistedOptions assisted in (AssistedOptions[])[
            Lookup, Lookup with { MaxMatchingNGramSize = 1, PromptLookupTokens = 1 }, Draft(other) with { DraftTokens = 3, ConfidenceThreshold = 0 },
            Draft(other), Draft(model) with { DraftTokens = 7, ConfidenceThreshold = 0 }, Draft(model)])
        {
            IReadOnlyList<Completion> found = Generate(model, Prompts, Greedy with { Assisted = assisted });
            for (int r = 0; r < Prompts.Length; r++)
            {
                Assert.Equal(plain[r].Tokens, found[r].Tokens);
                Assert.Equal(plain[r].FinishReason, found[r].FinishReason);
                Assert.All(plain[r].LogProbabilities.Zip(found[r].LogProbabilities), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
                Assert.All(plain[r].ChoiceLogProbabilities.Zip(found[r].ChoiceLogProbabilities), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
                Assert.Equal(plain[r].Alternatives.Select(top => top[0].TokenId), found[r].Alternatives.Select(top => top[0].TokenId));
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void What_was_looked_up_in_the_prompt_does_not_change_the_draws_of_a_seed(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        GenerationOptions options = new() { MaxNewTokens = 20, Temperature = 0.6, TopK = 8, TopP = 0.9, Seed = 3, NumReturnSequences = 2, EosTokenIds = [3] };
        Assert.Equal(
            Generate(model, Prompts, options).Select(completion => completion.Tokens),
            Generate(model, Prompts, options with { Assisted = Lookup }).Select(completion => completion.Tokens));
    }

    /// <summary>The first two tokens of 3,000 draws, of at most 5 · 5 pairs, against the probabilities of the model without a cache.</summary>
    [SkippableTheory]
    [InlineData("llama", 7)]
    [InlineData("llama", 8)]
    [InlineData("t5", 8)]
    public void Draws_behind_a_draft_model_have_the_law_of_the_model(string name, long draftSeed)
    {
        using TransformerModel model = TinyFamilies.Model(name), other = TinyFamilies.Model(name, draftSeed);
        const int Draws = 3_000;
        GenerationOptions options = new()
        {
            MaxNewTokens = 3,
            Temperature = 1.5,
            TopK = 5,
            Seed = 11,
            NumReturnSequences = Draws,
            EosTokenIds = [],
            Assisted = Draft(other) with { DraftTokens = 2, ConfidenceThreshold = 0 },
        };
        int[] prompt = Prompts[0];
        Dictionary<(int, int), int> counts = [];
        foreach (Completion completion in Generate(model, [prompt], options))
            counts[(completion.Tokens[0], completion.Tokens[1])] = counts.GetValueOrDefault((completion.Tokens[0], completion.Tokens[1])) + 1;

        ResolvedGeneration settings = ResolvedGeneration.From(options, GenerationDefaults.None, TinyFamilies.Vocabulary);
        List<(int, int)> pairs = [];
        List<double> expected = [];
        List<int> start = Uncached.Start(model, prompt);
        foreach ((int first, double chance) in Law(model, prompt, start, settings))
        {
            foreach ((int second, double next) in Law(model, prompt, [.. start, first], settings))
            {
                pairs.Add((first, second));
                expected.Add(chance * next);
            }
        }

        Assert.Equal(Draws, pairs.Sum(pair => counts.GetValueOrDefault(pair)));
        Assert.True(ChiSquare.PValue([.. pairs.Select(pair => counts.GetValueOrDefault(pair))], expected) > 1e-4);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Decoders), MemberType = typeof(TinyFamilies))]
    public void A_draft_never_runs_past_the_context(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name), other = TinyFamilies.Model(name == "llama" ? "gpt2" : name, seed: 8);
        int[][] prompts = TinyFamilies.Rows(52, 58, 60, 62); // gpt2 has 64 positions
        GenerationOptions options = new() { MaxNewTokens = 20, EosTokenIds = [] };
        foreach (AssistedOptions assisted in (AssistedOptions[])[Lookup, Draft(other) with { ConfidenceThreshold = 0 }])
        {
            Assert.Equal(
                Generate(model, prompts, options).Select(completion => completion.Tokens),
                Generate(model, prompts, options with { Assisted = assisted }).Select(completion => completion.Tokens));
        }
    }

    [SkippableFact]
    public void Rows_with_adapters_of_their_own_and_a_view_as_the_draft()
    {
        using TransformerModel model = TinyFamilies.Model("llama");
        using TinyLora lora = new(model, 1), other = new(model, 2);
        using FourKinds kinds = new(model);
        ForwardContext view = kinds.View(0, 1, 2, 3) with { Adapter = TinyLora.Rows(lora, null, other, lora) };
        IReadOnlyList<Completion> plain = Generate(model, Prompts, Greedy, view);
        foreach (AssistedOptions assisted in (AssistedOptions[])[Lookup, Draft(model) with { ConfidenceThreshold = 0 }, new() { Draft = new DraftModel(model, kinds.Only(3)) }])
            Assert.Equal(plain.Select(completion => completion.Tokens), Generate(model, Prompts, Greedy with { Assisted = assisted }, view).Select(completion => completion.Tokens));
    }

    [SkippableFact]
    public void A_model_that_cannot_draft_is_refused_by_name()
    {
        using TransformerModel model = TinyFamilies.Model("llama"), both = TinyFamilies.Model("t5");
        Assert.Contains("Assisted.Draft", Assert.Throws<ArgumentException>(() => Generate(model, Prompts, Greedy with { Assisted = Draft(both) })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Generate(both, Prompts, Greedy with { Assisted = Draft(model) }));
    }

    /// <summary>A rule that only knows what may be written is never asked about a draft in a way that fails the request.</summary>
    [SkippableFact]
    public void A_drafted_dead_end_is_no_error()
    {
        using TransformerModel model = TinyFamilies.Model("llama"), other = TinyFamilies.Model("llama", seed: 8);
        int[] allowed = [.. Generate(model, [Prompts[0]], Greedy)[0].Tokens];
        GenerationOptions options = Greedy with
        {
            Processors = [(scores, rows) =>
            {
                for (int b = 0; b < rows.Count; b++)
                {
                    if (!allowed.Take(rows[b].Tokens.Count - rows[b].PromptLength).SequenceEqual(rows[b].Tokens.Skip(rows[b].PromptLength)))
                        scores[b].fill_(float.NegativeInfinity);
                }

                return scores;
            }],
        };
        Assert.Equal(allowed, Generate(model, [Prompts[0]], options with { Assisted = Draft(other) with { ConfidenceThreshold = 0 } })[0].Tokens);
    }

    private static (int Token, double Probability)[] Law(TransformerModel model, int[] prompt, List<int> tokens, ResolvedGeneration settings)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = Uncached.Logits(model, ForwardContext.Evaluation, prompt, tokens);
        double[] law = [.. LogitsWarpers.Warp(logits.narrow(0, tokens.Count - 1, 1), settings).to(ScalarType.Float64).softmax(1).cpu().data<double>()];
        return [.. Enumerable.Range(0, law.Length).Where(token => law[token] > 0).Select(token => (token, law[token]))];
    }

    private static AssistedOptions Draft(TransformerModel model) => new() { Draft = new DraftModel(model, ForwardContext.Evaluation) };

    private static IReadOnlyList<Completion> Generate(TransformerModel model, int[][] prompts, GenerationOptions options, ForwardContext? view = null) =>
        new TokenGenerator(model, view ?? ForwardContext.Evaluation, GenerationDefaults.None).Generate(prompts, options);
}
