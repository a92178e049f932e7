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
    private static readonly int[][] Prompts = TinyFamilies.Rows(31, 5, 2, 7);

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void A_few_generations_leave_no_tensor(string name) => Generate(name, 30);

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
        int[] ends = new int[4];
        ProcessWide.LeavesNoTensors(times, i =>
        {
            if (i < 0)
            {
                for (int all = 0; all < 12; all++)
                    ends[One(model, views[all % 3], all)]++;
            }
            else
            {
                ends[One(model, views[i % 3], i)]++;
            }
        });
        Assert.All(ends, count => Assert.True(count > 0));
    }

    // Whole, cancelled, failed inside (by a listener), refused (by a token outside the vocabulary).
    private static int One(TransformerModel model, ForwardContext view, int i)
    {
        using CancellationTokenSource cancel = new();
        int way = i % 4;
        TokenGenerator generator = new(model, view, GenerationDefaults.None);
        GenerationOptions options = new() { MaxNewTokens = 4, Temperature = i % 2 == 0 ? 0 : 1.5, TopK = 10, Seed = i & 0xffff, TopAlternatives = 2, EosTokenIds = [3, 4, 5, 6, 7] };
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
