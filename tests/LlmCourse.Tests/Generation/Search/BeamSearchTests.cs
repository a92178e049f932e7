using LlmCourse.Generation;
using LlmCourse.Tests.Adapters;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Generation;

/// <summary>Beams on tiny models: against the definition without a cache, in a batch as alone, with the rules.</summary>
public sealed class BeamSearchTests
{
    private static readonly int[][] Prompts = TinyFamilies.Rows(41, 7, 3, 5, 1);

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void One_beam_is_greedy(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        GenerationOptions options = new() { MaxNewTokens = 20, EosTokenIds = [3, 4, 5], MinNewTokens = 3, RepetitionPenalty = 1.1 };
        GenerationRequest request = Generator(model).Request(Prompts, options with { RepetitionPenalty = 1 });
        IReadOnlyList<Completion> greedy = Generate(model, Prompts, options with { RepetitionPenalty = 1 });
        Assert.Equal(greedy.Select(completion => completion.Tokens), BeamSearch.Run(request, request.Rows()).Select(completion => completion.Tokens));
    }

    /// <summary>As many beams as tokens, and two steps: nothing is lost, and the best of all 48² texts is found.</summary>
    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Enough_beams_find_the_best_of_all_texts(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        Completion found = Generate(model, [Prompts[1]], new() { NumBeams = TinyFamilies.Vocabulary, MaxNewTokens = 2, EosTokenIds = [], Beams = new() { LengthPenalty = 0 } })[0];
        (double Score, int First, int Second) best = (double.NegativeInfinity, 0, 0);
        for (int first = 0; first < TinyFamilies.Vocabulary; first++)
        {
            double[,] logs = LogProbabilities(model, ForwardContext.Evaluation, Prompts[1], [first]);
            for (int second = 0; second < TinyFamilies.Vocabulary; second++)
                best = logs[0, first] + logs[1, second] > best.Score ? (logs[0, first] + logs[1, second], first, second) : best;
        }

        Assert.Equal([best.First, best.Second], found.Tokens);
        Assert.Equal(best.Score, found.SequenceScore!.Value, 1e-4);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Scores_are_those_of_the_texts_read_without_a_cache(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        foreach (double penalty in (double[])[0, 1, 2, -1])
        {
            GenerationOptions options = new()
            {
                NumBeams = 4,
                NumReturnSequences = 3,
                MaxNewTokens = 14,
                EosTokenIds = [3, 4],
                TopAlternatives = 2,
                Beams = new() { LengthPenalty = penalty, EarlyStopping = EarlyStopping.Never },
            };
            IReadOnlyList<Completion> found = Generate(model, Prompts, options);
            Assert.Equal(Prompts.Length * 3, found.Count);
            for (int i = 0; i < found.Count; i++)
            {
                int[] prompt = Prompts[i / 3], tokens = [.. found[i].Tokens];
                double[,] logs = LogProbabilities(model, ForwardContext.Evaluation, prompt, tokens);
                double sum = 0;
                for (int t = 0; t < tokens.Length; t++)
                {
                    Assert.Equal(logs[t, tokens[t]], found[i].LogProbabilities[t], 1e-4);
                    Assert.Equal(logs[t, tokens[t]], found[i].ChoiceLogProbabilities[t], 1e-4);
                    double most = Enumerable.Range(0, TinyFamilies.Vocabulary).Max(token => logs[t, token]);
                    Assert.Equal(Math.Exp(most), found[i].Alternatives[t][0].Probability, 1e-4);
                    sum += logs[t, tokens[t]];
                }

                Assert.Equal(sum / Math.Pow(tokens.Length, penalty), found[i].SequenceScore!.Value, 1e-3);
                Assert.True(i % 3 == 0 || found[i].SequenceScore <= found[i - 1].SequenceScore);
                Assert.Equal(tokens[^1] is 3 or 4 ? FinishReason.EndOfSequence : FinishReason.MaxTokens, found[i].FinishReason);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Neighbours_change_nothing(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        foreach (GenerationOptions options in (GenerationOptions[])[
            new() { NumBeams = 3, NumReturnSequences = 2, MaxNewTokens = 12, EosTokenIds = [3, 4, 5], NoRepeatNGramSize = 2 },
            new() { NumBeams = 4, MaxNewTokens = 12, EosTokenIds = [3, 4, 5], Beams = new() { EarlyStopping = EarlyStopping.True }, RepetitionPenalty = 1.3 },
            new() { NumBeams = 3, MaxNewTokens = 10, EosTokenIds = [3], Temperature = 0.7, TopK = 12, Seed = 4 }])
        {
            IReadOnlyList<Completion> together = Generate(model, Prompts, options);
            int each = options.NumReturnSequences ?? 1;
            for (int r = 0; r < (options.Seed is null ? Prompts.Length : 1); r++) // a draw depends on the place in the request
                Assert.Equal(together.Skip(r * each).Take(each).Select(completion => completion.Tokens), Generate(model, [Prompts[r]], options).Select(completion => completion.Tokens));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Rows_with_adapters_and_soft_prompts_of_their_own_stay_right(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using TinyLora lora = new(model, 1), other = new(model, 2);
        using FourKinds kinds = new(model);
        GenerationOptions options = new() { NumBeams = 3, NumReturnSequences = 2, MaxNewTokens = 10, EosTokenIds = [3, 4] };
        TinyLora?[] loras = [lora, null, other, lora];
        ForwardContext view = kinds.View(0, 1, 2, 3) with { Adapter = TinyLora.Rows(loras) };
        IReadOnlyList<Completion> together = Generate(model, Prompts, options, view), plain = Generate(model, Prompts, options);
        for (int r = 0; r < Prompts.Length; r++)
        {
            IReadOnlyList<Completion> alone = Generate(model, [Prompts[r]], options, kinds.View(r) with { Adapter = TinyLora.Rows(loras[r]) });
            Assert.Equal(alone.Select(completion => completion.Tokens), together.Skip(2 * r).Take(2).Select(completion => completion.Tokens));
            Assert.All(alone.Zip(together.Skip(2 * r)), pair => Assert.Equal(pair.First.SequenceScore!.Value, pair.Second.SequenceScore!.Value, 1e-3));
        }

        Assert.NotEqual(plain.Select(completion => completion.Tokens), together.Select(completion => completion.Tokens));
    }

    [SkippableFact]
    public void Drawn_beams_depend_on_the_seed_alone_and_differ_from_the_best()
    {
        using TransformerModel model = TinyFamilies.Model("llama");
        GenerationOptions options = new() { NumBeams = 4, NumReturnSequences = 4, MaxNewTokens = 8, Temperature = 1.3, EosTokenIds = [3], Seed = 5 };
        string[] first = Texts(Generate(model, Prompts, options));
        Assert.Equal(first, Texts(Generate(model, Prompts, options)));
        Assert.NotEqual(first, Texts(Generate(model, Prompts, options with { Seed = 6 })));
        Assert.NotEqual(first, Texts(Generate(model, Prompts, options with { Temperature = 0 })));
    }

    [SkippableFact]
    public void The_rules_hold_in_every_beam_and_renormalised_scores_are_log_probabilities()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2");
        GenerationOptions options = new()
        {
            NumBeams = 4,
            NumReturnSequences = 4,
            MaxNewTokens = 10,
            EosTokenIds = [3],
            MinNewTokens = 4,
            NoRepeatNGramSize = 1,
            Rules = new() { SuppressTokens = [.. Enumerable.Range(20, 10)], BadWordsIds = [[40], [41, 42]] },
        };
        foreach (Completion completion in Generate(model, Prompts, options))
        {
            Assert.Equal(completion.Tokens.Count, completion.Tokens.Distinct().Count());
            Assert.DoesNotContain(completion.Tokens, token => token is (>= 20 and < 30) or 40);
            Assert.True(completion.Tokens.Count >= 4);
        }

        GenerationOptions shifted = options with { Rules = new() { SequenceBias = [new([7], 30)] } };
        Assert.Contains(Generate(model, Prompts, shifted), completion => completion.ChoiceLogProbabilities.Sum() > 0);
        foreach (Completion completion in Generate(model, Prompts, shifted with { Rules = shifted.Rules with { RenormalizeLogits = true } }))
            Assert.All(completion.ChoiceLogProbabilities, score => Assert.InRange(score, double.NegativeInfinity, 0));
    }

    [SkippableFact]
    public void A_first_token_that_is_forced_leaves_the_choice_to_the_second()
    {
        using TransformerModel model = TinyFamilies.Model("bart");
        IReadOnlyList<Completion> found = Generate(model, Prompts, new() { NumBeams = 3, NumReturnSequences = 3, MaxNewTokens = 6, ForcedBosTokenId = 9, ForcedEosTokenIds = [2], EosTokenIds = [2] });
        Assert.All(found, completion => Assert.Equal(9, completion.Tokens[0]));
        Assert.All(found, completion => Assert.Equal(2, completion.Tokens[^1]));
        Assert.All(found.Chunk(3), three => Assert.Equal(3, Texts(three).Distinct().Count()));
    }

    [SkippableFact]
    public void Fewer_texts_than_asked_for_and_none_at_all_are_errors()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2");
        TokenRules only = new() { SuppressTokens = [.. Enumerable.Range(0, TinyFamilies.Vocabulary).Where(token => token != 6)] };
        GenerationOptions options = new() { NumBeams = 3, MaxNewTokens = 3, EosTokenIds = [], Rules = only };
        Assert.Equal([6, 6, 6], Generate(model, [Prompts[0]], options)[0].Tokens);
        Assert.Contains("NumReturnSequences", Assert.Throws<GenerationException>(() => Generate(model, [Prompts[0]], options with { NumReturnSequences = 2 })).Message, StringComparison.Ordinal);
        Assert.Throws<GenerationException>(() => Generate(model, [Prompts[0]], options with { Rules = only with { BadWordsIds = [[6]] } }));
        Assert.Throws<GenerationException>(() => Generate(model, [Prompts[0]], options with { NumBeams = 1, Rules = only with { BadWordsIds = [[6]] } }));
    }

    // [T + 1, V] behind the prompt and each token
    private static double[,] LogProbabilities(TransformerModel model, ForwardContext view, int[] prompt, int[] tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        List<int> start = Uncached.Start(model, prompt);
        Tensor logits = Uncached.Logits(model, view, prompt, [.. start, .. tokens]);
        Tensor logs = logits.narrow(0, start.Count - 1, tokens.Length + 1).to(ScalarType.Float64).log_softmax(1).cpu().contiguous();
        double[] flat = [.. logs.data<double>()];
        double[,] all = new double[tokens.Length + 1, TinyFamilies.Vocabulary];
        Buffer.BlockCopy(flat, 0, all, 0, flat.Length * sizeof(double));
        return all;
    }

    private static string[] Texts(IEnumerable<Completion> completions) => [.. completions.Select(completion => string.Join(' ', completion.Tokens))];

    private static TokenGenerator Generator(TransformerModel model, ForwardContext? view = null) => new(model, view ?? ForwardContext.Evaluation, GenerationDefaults.None);

    private static IReadOnlyList<Completion> Generate(TransformerModel model, int[][] prompts, GenerationOptions options, ForwardContext? view = null) =>
        Generator(model, view).Generate(prompts, options);
}
