using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers.Layers;

public sealed class NormTests
{
    [SkippableFact]
    public void LayerNorm_takes_mean_and_deviation_away()
    {
        // (1, 3, 5, 7): mean 4, variance 5; with ε = 4 the divisor is 3; then · (1, 2, 3, 4) + (1, 1, 1, 1).
        Check(new NormConfig { Kind = NormKind.Layer, Epsilon = 4 }, [0, 1 - (2 / 3.0), 1 + 1, 1 + 4], bias: 1);
    }

    [SkippableFact]
    public void Without_weights_only_that_is_done()
    {
        using var scope = NewDisposeScope();
        using ParameterStore store = new(ScalarType.Float32, TestDevice.Device);
        Norm norm = new(store, "norm", new NormConfig { Kind = NormKind.Layer, Epsilon = 4, Affine = false }, 4);
        Assert.Empty(store.Named);
        Assert.Empty(norm.Sites);
        TensorAssert.Close([-1, -1 / 3.0, 1 / 3.0, 1], norm.Forward(tensor(new float[] { 1, 3, 5, 7 }, [1, 1, 4], device: TestDevice.Device), ForwardContext.Evaluation));
    }

    [SkippableFact]
    public void RmsNorm_divides_by_the_root_mean_square()
    {
        // (1, 3, 5, 7): mean square 21; with ε = 4 the divisor is 5; then · (1, 2, 3, 4).
        Check(new NormConfig { Kind = NormKind.Rms, Epsilon = 4 }, [0.2, 1.2, 3, 5.6]);
    }

    [SkippableFact]
    public void With_unit_offset_a_stored_weight_counts_from_one()
    {
        Check(new NormConfig { Kind = NormKind.Rms, Epsilon = 4, UnitOffset = true }, [0.4, 1.8, 4, 7]);
    }

    [SkippableFact]
    public void With_unit_offset_a_changed_weight_is_seen_in_evaluation()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using ParameterStore store = new(ScalarType.Float32, TestDevice.Device);
        Norm norm = new(store, "norm", new NormConfig { Kind = NormKind.Rms, Epsilon = 4, UnitOffset = true }, 4);
        Tensor x = tensor(new float[] { 1, 3, 5, 7 }, [1, 1, 4], device: TestDevice.Device);
        foreach (int weight in (int[])[0, 1, 2])
        {
            store.Named.Single().Parameter.fill_(weight);
            double[] expected = [.. new[] { 0.2, 0.6, 1, 1.4 }.Select(value => value * (1 + weight))];
            TensorAssert.Close(expected, norm.Forward(x, ForwardContext.Evaluation));
            using (enable_grad())
                TensorAssert.Close(expected, norm.Forward(x, ForwardContext.Evaluation).detach());
        }
    }

    [SkippableFact]
    public void With_unit_offset_half_precision_is_rounded_once_at_the_end()
    {
        // (129² + 1²) / 2 + 8063 = 128²: (129, 1) / 128. Times 1 + 2⁻⁸, which bfloat16 has not (it would be 1): 1 + 2⁻⁷ + 2⁻⁸ + 2⁻¹⁵,
        // above the middle of 1 + 2⁻⁷ and 1 + 2⁻⁶.
        using var scope = NewDisposeScope();
        using ParameterStore store = new(ScalarType.BFloat16, TestDevice.Device);
        Norm norm = new(store, "norm", new NormConfig { Kind = NormKind.Rms, Epsilon = 8063, UnitOffset = true }, 2);
        using (no_grad())
            store.Named.Single().Parameter.copy_(tensor(new[] { 1f / 256, 0 }, device: TestDevice.Device));
        Tensor x = tensor(new float[] { 129, 1 }, [1, 1, 2], ScalarType.BFloat16, TestDevice.Device);
        foreach (bool recorded in new[] { false, true })
        {
            using IDisposable mode = recorded ? enable_grad() : no_grad();
            Tensor y = norm.Forward(x, ForwardContext.Evaluation);
            Assert.Equal((ScalarType.BFloat16, recorded), (y.dtype, y.requires_grad));
            TensorAssert.Close([1 + (1 / 64.0), 1 / 128.0], y.detach(), 0);
        }
    }

    [SkippableFact]
    public void RmsNorm_of_bfloat16_is_computed_in_single_precision()
    {
        using var scope = NewDisposeScope();
        Tensor x = full(4096, 300f, device: TestDevice.Device).to(ScalarType.BFloat16), weight = ones(4096, ScalarType.BFloat16, device: TestDevice.Device);
        Tensor y = LlmCourse.Runtime.Kernels.RmsNorm(x, weight, 0); // the squares' sum has no such precision in 8 bits
        Assert.Equal(ScalarType.BFloat16, y.dtype);
        TensorAssert.Close(ones(4096, device: TestDevice.Device), y, 0);
    }

    private static void Check(NormConfig config, double[] expected, float bias = 0)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using ParameterStore store = new(ScalarType.Float32, TestDevice.Device);
        Norm norm = new(store, "norm", config, 4);
        foreach ((string name, var parameter) in store.Named)
            parameter.copy_(name == "norm.weight" ? tensor(new float[] { 1, 2, 3, 4 }, device: TestDevice.Device) : full(4, bias, device: TestDevice.Device));
        Tensor y = norm.Forward(tensor(new float[] { 1, 3, 5, 7 }, [1, 1, 4], device: TestDevice.Device), ForwardContext.Evaluation);
        TensorAssert.Close(expected, y);
    }
}
