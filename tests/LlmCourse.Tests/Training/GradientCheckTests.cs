using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Training;

/// <summary>In double precision the gradient of every parameter, whatever its layer, is what finite differences say.</summary>
public sealed class GradientCheckTests
{
    private const double Step = 1e-7; // short, so that no ReLU bends between the two ends

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Gradients_are_slopes(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        model.To(type: ScalarType.Float64);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 4, 7, 2));
        using var scope = NewDisposeScope();
        SupervisedLoss.Of(model, batch, ForwardContext.Evaluation).backward();
        using var generator = new Generator(5);
        int seen = 0;
        foreach ((string parameterName, Parameter parameter) in model.NamedParameters)
        {
            if (parameter.grad is not { } gradient)
                continue;
            using var inner = NewDisposeScope();
            using var noGrad = no_grad();
            Tensor direction = randn(parameter.shape, ScalarType.Float64, CPU, generator: generator).to(parameter.device);
            double At(double distance)
            {
                parameter.add_(direction.mul(distance));
                double loss = SupervisedLoss.Of(model, batch, ForwardContext.Evaluation).Number();
                parameter.sub_(direction.mul(distance));
                return loss;
            }

            double slope = (At(Step) - At(-Step)) / (2 * Step), expected = gradient.mul(direction).sum().Number();
            // Rounding of a loss of some units is 1e-15 / 1e-7.
            Assert.True(Math.Abs(slope - expected) <= 2e-6 * (1 + Math.Abs(expected)), $"{parameterName}: {expected}, finite differences {slope}");
            seen++;
        }

        Assert.True(seen > 12);
    }
}
