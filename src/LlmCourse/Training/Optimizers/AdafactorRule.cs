using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>Adafactor. Sizes of updates and weights stay tensors: no parameter waits for the device.</summary>
internal sealed class AdafactorRule(AdafactorOptions options) : IUpdateRule
{
    private const string Mean = "exp_avg";
    private const string Square = "exp_avg_sq";
    private const string Rows = "exp_avg_sq_row";
    private const string Columns = "exp_avg_sq_col";

    public IEnumerable<(string Kind, long[] Shape)> Moments(long[] shape)
    {
        IEnumerable<(string Kind, long[] Shape)> squares = shape.Length < 2
            ? [(Square, shape)]
            : [(Rows, shape[..^1]), (Columns, [.. shape[..^2], shape[^1]])];
        return options.Beta1 is null ? squares : squares.Append((Mean, shape));
    }

    public void Apply(IReadOnlyList<Update> updates, double learningRate, double gradientScale)
    {
        foreach (Update due in updates)
        {
            using var scope = NewDisposeScope();
            (ParameterState state, Tensor weights) = (due.State, due.Target);
            double size = StepSize(learningRate, state.Steps);
            Tensor step = options.ScaleParameter
                ? RootMeanSquare(weights).clamp_min(options.ScaleFloor).mul_(size)
                : full([], size, weights.dtype, weights.device);
            Tensor update = Normalised(state, due.Scaled(gradientScale));
            update.div_(RootMeanSquare(update).div_(options.ClipThreshold).clamp_min(1)).mul_(step);
            if (options.Beta1 is { } beta)
                update = state[Mean].mul_(beta).add_(update, 1 - beta);
            if (state.Decays && options.WeightDecay != 0)
                weights.mul_(options.StepSize == AdafactorStep.Capped ? full_like(step, 1 - (learningRate * options.WeightDecay)) : step.mul(-options.WeightDecay).add_(1));
            weights.sub_(update);
        }
    }

    private static Tensor RootMeanSquare(Tensor x) => x.norm().div_(Math.Sqrt(x.numel()));

    private double StepSize(double learningRate, long t) => options.StepSize switch
    {
        AdafactorStep.Given => learningRate,
        AdafactorStep.Relative => Math.Min(1e-2, 1 / Math.Sqrt(t)),
        AdafactorStep.RelativeWithWarmUp => Math.Min(1e-6 * t, 1 / Math.Sqrt(t)),
        _ => Math.Min(learningRate, 1 / Math.Sqrt(t)),
    };

    // gradient / √(mean of squares), the mean of a matrix being rows · columns / mean of rows.
    private Tensor Normalised(ParameterState state, Tensor gradient)
    {
        double weight = Math.Pow(state.Steps, options.DecayRate);
        Tensor squares = gradient.square().add_(options.Epsilon);
        if (gradient.dim() < 2)
            return state[Square].lerp_(squares, weight).rsqrt().mul_(gradient);
        Tensor rows = state[Rows].lerp_(squares.mean([-1]), weight), columns = state[Columns].lerp_(squares.mean([-2]), weight);
        Tensor rowFactor = rows.div(rows.mean([-1], keepdim: true)).rsqrt_().unsqueeze(-1);
        return squares.copy_(gradient).mul_(rowFactor).mul_(columns.rsqrt().unsqueeze(-2));
    }
}
