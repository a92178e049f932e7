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

    // The squares of a gradient, which become the update; of a vector the update beside them.
    public long Temporaries(long[] shape) => (shape.Length < 2 ? 2 : 1) * shape.Aggregate(1L, (product, size) => product * size);

    public void Apply(IReadOnlyList<Update> updates, double learningRate, double gradientScale)
    {
        using Scalar floor = options.ScaleFloor, threshold = options.ClipThreshold, kept = options.Beta1 ?? 0, fresh = 1 - (options.Beta1 ?? 0), one = 1, minus = -1,
            decay = -options.WeightDecay, left = 1 - (learningRate * options.WeightDecay);
        foreach (Update due in updates)
        {
            using var scope = NewDisposeScope();
            (ParameterState state, Tensor weights) = (due.State, due.Target);
            double size = StepSize(learningRate, state.Steps);
            using Scalar held = size;
            Tensor step = options.ScaleParameter ? RootMeanSquare(weights).clamp_min(floor).mul_(held) : full([], held, ScalarType.Float64, weights.device);
            Tensor update = Normalised(state, due.Scaled(gradientScale));
            update.div_(RootMeanSquare(update).div_(threshold).clamp_min(one)).mul_(step);
            if (options.Beta1 is not null)
                update = state[Mean].mul_(kept).add_(update, fresh);
            if (state.Decays && options.WeightDecay != 0)
                _ = options.StepSize == AdafactorStep.Capped ? weights.mul_(left) : weights.mul_(step.mul_(decay).add_(one, one));
            weights.add_(update, minus);
        }
    }

    private static Tensor RootMeanSquare(Tensor x)
    {
        using Scalar root = Math.Sqrt(x.numel());
        return GradientNorm.OfOne(x, 2).div_(root);
    }

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
        double share = Math.Pow(state.Steps, options.DecayRate);
        using Scalar kept = 1 - share, fresh = share, epsilon = options.Epsilon, one = 1;
        Tensor squares = gradient.mul(gradient).add_(epsilon, one);
        if (gradient.dim() < 2)
            return state[Square].mul_(kept).add_(squares, fresh).rsqrt().mul_(gradient);
        Tensor rows = state[Rows].mul_(kept).add_(squares.mean([-1]), fresh), columns = state[Columns].mul_(kept).add_(squares.mean([-2]), fresh);
        Tensor rowFactor = rows.div(rows.mean([-1], keepdim: true)).rsqrt_().unsqueeze(-1);
        return squares.copy_(gradient).mul_(rowFactor).mul_(columns.rsqrt().unsqueeze(-2));
    }
}
