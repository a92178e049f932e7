using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Generation;

/// <summary>What holds for every strategy: cancellation, rules of one's own, several completions, guidance, the context.</summary>
public sealed class StrategiesTests
{
    private static readonly int[][] Prompts = TinyFamilies.Rows(71, 6, 3, 5);

    public static TheoryData<string, GenerationOptions> Strategies() => new()
    {
        { "greedy", new() },
        { "sampling", new() { Temperature = 1.2, Seed = 3, NumReturnSequences = 2 } },
        { "beams", new() { NumBeams = 3 } },
        { "beam sampling", new() { NumBeams = 3, Temperature = 1.2, Seed = 3 } },
        { "lookup", new() { Assisted = new() { PromptLookupTokens = 3 } } },
        { "guidance", new() { Guidance = new() { Scale = 1.5, NegativePromptIds = [9, 8] } } },
        { "guided beams", new() { NumBeams = 3, Guidance = new() { Scale = 1.5, NegativePromptIds = [9, 8] } } },
    };

    [SkippableTheory]
    [MemberData(nameof(Strategies))]
    public void It_can_be_cancelled(string strategy, GenerationOptions options)
    {
        foreach (string name in (string[])["llama", "t5"])
        {
            using TransformerModel model = TinyFamilies.Model(name);
            using CancellationTokenSource cancel = new();
            int steps = 0;
            // Beams tell of their tokens at the end only: a rule of one's own hears of every step.
            GenerationOptions listening = options with
            {
                MaxNewTokens = 50,
                EosTokenIds = [],
                Processors = [(scores, _) =>
            {
                if (++steps == 3)
                    cancel.Cancel();
                return scores;
            }]
            };
            Assert.Throws<OperationCanceledException>(() => Generator(model).Generate(Prompts, listening, cancellationToken: cancel.Token));
            Assert.True(steps == 3, $"{strategy}: {steps}");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Strategies))]
    public void A_rule_of_one_s_own_sees_its_rows_and_decides(string strategy, GenerationOptions options)
    {
        foreach (string name in (string[])["gpt2", "bart"])
        {
            using TransformerModel model = TinyFamilies.Model(name);
            // Row r may only write r + 10, and after that r + 20.
            Tensor Rule(Tensor scores, IReadOnlyList<RowProgress> rows)
            {
                Assert.Equal(rows.Count, scores.size(0));
                Tensor changed = full_like(scores, float.NegativeInfinity);
                for (int b = 0; b < rows.Count; b++)
                {
                    Assert.Equal(Prompts[rows[b].Index], rows[b].Prompt);
                    Assert.Equal(model.Config.Encoder is null ? rows[b].Prompt.Count : 1, rows[b].PromptLength);
                    changed[b, rows[b].Index + (rows[b].Tokens.Count == rows[b].PromptLength ? 10 : 20)] = 0f;
                }

                return changed;
            }

            IReadOnlyList<Completion> found = Generator(model).Generate(Prompts, options with { MaxNewTokens = 3, EosTokenIds = [], Processors = [Rule] });
            int each = found.Count / Prompts.Length;
            Assert.All(Enumerable.Range(0, found.Count), i => Assert.Equal([(i / each) + 10, (i / each) + 20, (i / each) + 20], found[i].Tokens));
            Assert.Contains("Processors", Assert.Throws<GenerationException>(() => Generator(model).Generate(
                Prompts, options with { Processors = [(scores, _) => scores.narrow(1, 0, 3)] })).Message, StringComparison.Ordinal);
            Assert.NotNull(strategy);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Several_samples_are_those_of_as_many_rows(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        GenerationOptions options = new() { MaxNewTokens = 8, Temperature = 1.3, Seed = 5, EosTokenIds = [3, 4, 5] };
        int[][] repeated = [.. Prompts.SelectMany(prompt => Enumerable.Repeat(prompt, 3))];
        Assert.Equal(
            Generator(model).Generate(repeated, options).Select(completion => completion.Tokens),
            Generator(model).Generate(Prompts, options with { NumReturnSequences = 3 }).Select(completion => completion.Tokens));
    }

    /// <summary>The definition without a cache: log-probabilities behind the prompt and behind the other one, taken apart by the scale.</summary>
    [SkippableTheory]
    [InlineData("llama", true)]
    [InlineData("llama", false)]
    [InlineData("gpt2", true)]
    [InlineData("gpt2", false)]
    [InlineData("t5", true)]
    [InlineData("bart", true)]
    public void Guidance_follows_its_definition(string name, bool negative)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        int[] other = [9, 30, 8];
        GenerationOptions options = new() { MaxNewTokens = 10, EosTokenIds = [], Guidance = new() { Scale = 2.5, NegativePromptIds = negative ? other : null } };
        IReadOnlyList<Completion> found = Generator(model).Generate(Prompts, options);
        Assert.NotEqual(Generator(model).Generate(Prompts, options with { Guidance = null }).Select(completion => completion.Tokens), found.Select(completion => completion.Tokens));
        for (int r = 0; r < Prompts.Length; r++)
        {
            int[] without = negative ? other : [Prompts[r][^1]];
            List<int> tokens = [];
            for (int step = 0; step < 10; step++)
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor With(int[] prompt) => Uncached.Logits(model, ForwardContext.Evaluation, prompt, [.. Uncached.Start(model, prompt), .. tokens])[-1].log_softmax(0);
                Tensor unconditional = With(without);
                tokens.Add((int)With(Prompts[r]).sub(unconditional).mul(2.5).add(unconditional).argmax().Whole());
            }

            Assert.Equal(tokens, found[r].Tokens);
            Assert.Equal(tokens, Generator(model).Generate([Prompts[r]], options)[0].Tokens);
            Assert.Equal(tokens[0], Generator(model).NextToken(Prompts[r], options).Top(1)[0].TokenId);
        }
    }

    [SkippableFact]
    public void Guidance_of_an_encoder_decoder_needs_a_negative_prompt_and_of_a_decoder_room_for_it()
    {
        using TransformerModel both = TinyFamilies.Model("t5"), decoder = TinyFamilies.Model("gpt2"); // 64 positions
        Assert.Contains("NegativePrompt", Assert.Throws<ArgumentException>(() => Generator(both).Generate(Prompts, new() { Guidance = new() { Scale = 2 } })).Message, StringComparison.Ordinal);
        GenerationOptions options = new() { MaxNewTokens = 20, Guidance = new() { Scale = 2, NegativePromptIds = [.. Enumerable.Repeat(5, 50)] } };
        Assert.Contains("negative prompt", Assert.Throws<PromptTooLongException>(() => Generator(decoder).Generate(Prompts, options)).Message, StringComparison.Ordinal);
        Generator(decoder).Generate(Prompts, options with { MaxNewTokens = 14 });
    }

    [SkippableFact]
    public void A_context_that_would_overflow_is_refused_before_the_first_token_where_that_is_wished()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2"); // 64 positions
        int[][] prompts = TinyFamilies.Rows(1, 60, 3);
        GenerationOptions options = new() { MaxNewTokens = 9, EosTokenIds = [] };
        foreach (GenerationOptions strategy in (GenerationOptions[])[options, options with { NumBeams = 3 }, options with { Assisted = new() { PromptLookupTokens = 6 } }])
        {
            IReadOnlyList<Completion> found = Generator(model).Generate(prompts, strategy);
            Assert.Equal([FinishReason.ContextLength, FinishReason.MaxTokens], found.Select(completion => completion.FinishReason));
            Assert.Equal([4, 9], found.Select(completion => completion.Tokens.Count));
            int tokens = 0;
            Assert.Contains("RefuseContextOverflow", Assert.Throws<PromptTooLongException>(() => Generator(model).Generate(
                prompts, strategy with { RefuseContextOverflow = true }, (_, _, _) => tokens++)).Message, StringComparison.Ordinal);
            Assert.Equal(0, tokens);
            Assert.Equal(4, Generator(model).Generate(prompts[..1], strategy with { RefuseContextOverflow = true, MaxNewTokens = 4 })[0].Tokens.Count);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Strategies))]
    public void A_model_that_gives_no_numbers_is_an_error(string strategy, GenerationOptions options)
    {
        using TransformerModel model = TinyFamilies.Model("t5");
        foreach (var parameter in model.NamedParameters.Where(entry => entry.Name.EndsWith("final_norm.weight", StringComparison.Ordinal)))
        {
            using var noGrad = no_grad();
            parameter.Parameter.fill_(float.NaN);
        }

        Assert.Contains("not numbers", Assert.Throws<GenerationException>(() => Generator(model).Generate(Prompts, options)).Message, StringComparison.Ordinal);
        Assert.NotNull(strategy);
    }

    private static TokenGenerator Generator(TransformerModel model) => new(model, ForwardContext.Evaluation, GenerationDefaults.None);
}
