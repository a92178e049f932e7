using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

public sealed class FeedForwardTests
{
    // Φ(1) = 0.841345, Φ(−2) = 0.0227501; σ(1) = 0.731059, σ(−2) = 0.119203;
    // tanh form at 1: 0.5 · (1 + tanh(0.797885 · 1.044715)) = 0.841192, at −2: 0.0227012.
    [SkippableTheory]
    [InlineData(Activation.Relu, 1, 0)]
    [InlineData(Activation.Gelu, 0.841345, -0.0455003)]
    [InlineData(Activation.GeluTanh, 0.841192, -0.0454023)]
    [InlineData(Activation.Silu, 0.731059, -0.238406)]
    public void Activations_are_what_they_are_called(Activation activation, double atOne, double atMinusTwo)
    {
        using var scope = NewDisposeScope();
        TensorAssert.Close([atOne, atMinusTwo, 0], FeedForward.Activate(tensor(new float[] { 1, -2, 0 }, device: TestDevice.Device), activation), 1e-6);
    }

    [SkippableFact]
    public void Without_a_gate_it_is_down_of_activation_of_up()
    {
        // x = (1, 2): up = x · 2 + 1 = (3, 5); ReLU leaves it; down = (3 + 5, 0) + (0.5, 0.5).
        Check(gated: false, [8.5, 0.5], new()
        {
            ["f.up.weight"] = [2, 0, 0, 2],
            ["f.up.bias"] = [1, 1],
            ["f.down.weight"] = [1, 1, 0, 0],
            ["f.down.bias"] = [0.5f, 0.5f],
        });
    }

    [SkippableFact]
    public void With_a_gate_the_activation_of_the_gate_multiplies_up()
    {
        // x = (1, 2): gate = (1, −2) → ReLU (1, 0); up = (10, 20); product (10, 0); down swaps.
        Check(gated: true, [0, 10], new()
        {
            ["f.gate.weight"] = [1, 0, 0, -1],
            ["f.gate.bias"] = [0, 0],
            ["f.up.weight"] = [10, 0, 0, 10],
            ["f.up.bias"] = [0, 0],
            ["f.down.weight"] = [0, 1, 1, 0],
            ["f.down.bias"] = [0, 0],
        });
    }

    private static void Check(bool gated, double[] expected, Dictionary<string, float[]> weights)
    {
        using var scope = NewDisposeScope();
        using ParameterStore store = new(ScalarType.Float32, TestDevice.Device);
        StackConfig config = new() { Layers = 1, Heads = 1, HeadSize = 2, FeedForwardWidth = 2, Gated = gated, FeedForwardBias = true };
        FeedForward feedForward = new(store, "f", config, 2);
        using (no_grad())
        {
            foreach ((string name, var parameter) in store.Named)
                parameter.copy_(tensor(weights[name], device: TestDevice.Device).view(parameter.shape));
            TensorAssert.Close(expected, feedForward.Forward(tensor(new float[] { 1, 2 }, [1, 1, 2], device: TestDevice.Device), ForwardContext.Evaluation));
        }

        // The way of training multiplies the parts, that of inference the whole.
        TensorAssert.Close(expected, feedForward.Forward(tensor(new float[] { 1, 2 }, [1, 1, 2], device: TestDevice.Device), ForwardContext.Evaluation));
    }
}
