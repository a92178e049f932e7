using LlmCourse.Adapters;
using LlmCourse.Generation;
using LlmCourse.Tests.Adapters;
using LlmCourse.Transformers;
using TorchSharp;

namespace LlmCourse.Tests.Generation;

/// <summary>Generating leaves no tensor behind, however it ends.</summary>
[Collection(ProcessWide.Name)]
public sealed class LiveTensorsTests
{
    private const int Strategies = 6;

    private static readonly int[][] Prompts = TinyFamilies.Rows(31, 5, 2, 7);

    private static readonly TokenRules Rules = new()
    {
        BadWordsIds = [[10, 11], [12]],
        SequenceBias = [new([13], 1), new([14, 15], -1)],
        SuppressTokens = [16],
        BeginSuppressTokens = [17],
        EncoderRepetitionPenalty = 1.1,
        EncoderNoRepeatNGramSize = 2,
        ExponentialDecayLengthPenalty = new(1, 1.1),
        RemoveInvalidValues = true,
        RenormalizeLogits = true,
    };

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void A_few_generations_leave_no_tensor(string name) => Generate(name, 12 * Strategies);

    [SkippableTheory]
    [Trait("Category", "Long")]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void A_thousand_generations_leave_no_tensor(string name) => Generate(name, 1_000);

    [SkippableFact]
    public void The_distribution_of_a_next_token_leaves_no_tensor()
    {
        using TransformerModel model = TinyFamilies.Model("t5");
        TokenGenerator generator = new(model, ForwardContext.Evaluation, GenerationDefaults.None);
        ProcessWide.LeavesNoTensors(10, _ => generator.NextToken(Prompts[0], new() { TopK = 5 }));
    }

    private static void Generate(string name, int times)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using TinyLora lora = new(model, 1), other = new(model, 2);
        using PromptTuning prompt = PromptTuning.Create(new() { VirtualTokens = 2 }, model), longer = PromptTuning.Create(new() { VirtualTokens = 5 }, model);
        using PrefixTuning prefix = PrefixTuning.Create(new() { VirtualTokens = 3 }, model);
        ForwardContext[] views =
        [
            ForwardContext.Evaluation,
            new() { Adapter = TinyLora.Rows(lora, null, other), Virtual = new(prompt) },
            new() { Adapter = TinyLora.Rows(lora, lora, lora), Virtual = new([prefix, longer, null]), CaptureHiddenStates = true, CaptureAttentions = true },
        ];
        DraftModel draft = new(model, ForwardContext.Evaluation);
        int[] ends = new int[4];
        ProcessWide.LeavesNoTensors(times, i =>
        {
            if (i < 0)
            {
                for (int all = 0; all < 12 * Strategies; all++)
                    ends[One(model, views[all % 3], all, draft)]++;
            }
            else
            {
                ends[One(model, views[i % 3], i, draft)]++;
            }
        });
        Assert.All(ends, count => Assert.True(count > 0));
    }

    // Whole, cancelled, failed inside (by a listener), refused (by a token outside the vocabulary).
    private static int One(TransformerModel model, ForwardContext view, int i, DraftModel draft)
    {
        using CancellationTokenSource cancel = new();
        int way = i % 4;
        TokenGenerator generator = new(model, view, GenerationDefaults.None);
        GenerationOptions options = new() { MaxNewTokens = 4, Temperature = i % 2 == 0 ? 0 : 1.5, TopK = 10, Seed = i & 0xffff, TopAlternatives = 2, EosTokenIds = [3, 4, 5, 6, 7] };
        options = (i / 12 % Strategies) switch
        {
            1 => options with { NumBeams = 3, NumReturnSequences = 2, MinP = 0.01 },
            2 => options with { Assisted = new() { Draft = draft, DraftTokens = 2 }, TypicalP = 0.9 },
            3 => options with { Assisted = new() { PromptLookupTokens = 2, MaxMatchingNGramSize = 1 }, EtaCutoff = 0.001 },
            4 => options with { Guidance = new() { Scale = 1.5, NegativePromptIds = [8, 9] }, NoRepeatNGramSize = 2, TopH = 0.9, EpsilonCutoff = 0.0001 },
            5 => options with { Rules = Rules, Processors = [(scores, _) => scores.softmax(1).log_()], NumReturnSequences = i % 2 == 0 ? 1 : 2, NumBeams = i % 2 == 0 ? 4 : 1 },
            _ => options,
        };
        int[][] prompts = way == 3 ? [Prompts[0], [TinyFamilies.Vocabulary], Prompts[2]] : Prompts;
        try
        {
            generator.Generate(prompts, options, (_, _, _) =>
            {
                if (way == 1)
                    cancel.Cancel();
                if (way == 2)
                    throw new InvalidDataException("The listener fails.");
            }, cancel.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or InvalidDataException or ArgumentException)
        {
            Assert.Equal(way, error switch { OperationCanceledException => 1, InvalidDataException => 2, _ => 3 });
        }

        return way;
    }
}
