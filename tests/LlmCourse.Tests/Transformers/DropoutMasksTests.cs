using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

public sealed class DropoutMasksTests
{
    [SkippableFact]
    public void A_share_becomes_zero_and_the_rest_is_scaled_so_that_the_mean_stays()
    {
        using var scope = NewDisposeScope();
        using DropoutMasks masks = new(seed: 5, device: TestDevice.Device);
        Tensor dropped = masks.Apply(ones(100_000, device: TestDevice.Device), 0.2);
        TensorAssert.Close(tensor(new[] { 0, 1.25 }, device: TestDevice.Device), dropped.unique(sorted: true).output, 1e-6);
        Assert.Equal(1, dropped.mean().Number(), 0.01); // six standard errors: 6 · 0.5 / √100000
    }

    [SkippableFact]
    public void Seed_and_step_decide()
    {
        using var scope = NewDisposeScope();
        Tensor Draw(long seed, long step)
        {
            using DropoutMasks masks = new(seed, step, device: TestDevice.Device);
            return masks.Apply(ones(64, device: TestDevice.Device), 0.5);
        }

        TensorAssert.Same(Draw(1, 2), Draw(1, 2));
        TensorAssert.Differ(Draw(1, 2), Draw(1, 3), 1);
        TensorAssert.Differ(Draw(1, 2), Draw(2, 2), 1);
    }

    [SkippableFact]
    public void Every_place_drops_where_a_context_says_so_and_none_in_evaluation()
    {
        using Sequences input = Sequences.FromRows([[3, 4, 5]], device: TestDevice.Device);
        foreach (Func<StackConfig, StackConfig> place in (Func<StackConfig, StackConfig>[])
            [s => s with { Dropout = 0.5 }, s => s with { Dropout = 0, EmbeddingDropout = 0.5 }, s => s with { AttentionDropout = 0.5 }, s => s with { ActivationDropout = 0.5 }])
        {
            using TransformerModel model = Tiny.Model(Tiny.Decoder(place));
            using DropoutMasks one = new(1, device: TestDevice.Device), same = new(1, device: TestDevice.Device), other = new(2, device: TestDevice.Device);
            using Hidden plain = Tiny.Run(model, input), again = Tiny.Run(model, input);
            using Hidden first = Tiny.Run(model, input, new ForwardContext { Dropout = one }), second = Tiny.Run(model, input, new ForwardContext { Dropout = same }), third = Tiny.Run(model, input, new ForwardContext { Dropout = other });
            TensorAssert.Same(plain.States, again.States);
            TensorAssert.Same(first.States, second.States);
            TensorAssert.Differ(first.States, plain.States, 1e-3);
            TensorAssert.Differ(first.States, third.States, 1e-3);
        }

        using TransformerModel none = Tiny.Model(Tiny.Decoder(stack => stack with { Dropout = 0.5, EmbeddingDropout = 0, Layers = 1 }));
        using DropoutMasks masks = new(1, device: TestDevice.Device);
        using Hidden captured = Tiny.Run(none, input, new ForwardContext { Dropout = masks, CaptureHiddenStates = true }), evaluated = Tiny.Run(none, input, new ForwardContext { CaptureHiddenStates = true });
        TensorAssert.Same(evaluated.HiddenStates[0], captured.HiddenStates[0]); // embeddings have a share of their own
    }
}
