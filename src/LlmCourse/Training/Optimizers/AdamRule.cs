using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>Adam and AdamW, where <paramref name="fuse"/> allows in libtorch's fused form.</summary>
internal sealed class AdamRule(AdamWOptions options, bool fuse) : IUpdateRule
{
    private const string Mean = "exp_avg";
    private const string Square = "exp_avg_sq";
    private const string LargestSquare = "max_exp_avg_sq";

    public IEnumerable<(string Kind, long[] Shape)> Moments(long[] shape) =>
        options.AmsGrad ? [(Mean, shape), (Square, shape), (LargestSquare, shape)] : [(Mean, shape), (Square, shape)];

    // Fused: each number is read and written where it stands.
    public long Temporaries(long[] shape) => 0;

    public void Apply(IReadOnlyList<Update> updates, double learningRate, double gradientScale)
    {
        foreach (var group in updates.GroupBy(update => (Fuses(update), update.Target.device_type, update.Target.device_index, update.Target.dtype, update.State.Decays, update.State.Steps)))
        {
            if (group.Key.Item1)
                Fused([.. group], learningRate, gradientScale);
            else
                Array.ForEach([.. group], update => Plain(update, learningRate, gradientScale));
        }
    }

    // The kernel walks over bare memory.
    private bool Fuses(Update update) => fuse && update.Target.device_type is DeviceType.CPU or DeviceType.CUDA
        && update.Target.is_contiguous() && update.Gradient.is_contiguous();

    private double Decay(Update update) => update.State.Decays ? options.WeightDecay : 0;

    // All of one device, type, decay and step.
    private void Fused(Update[] updates, double learningRate, double gradientScale)
    {
        using var scope = NewDisposeScope();
        using Scalar count = updates[0].State.Steps, inverse = 1 / gradientScale; // the kernel divides by its scale
        Tensor step = full([], count, ScalarType.Float32, updates[0].Target.device);
        Tensor? divisor = gradientScale == 1 ? null : full([], inverse, ScalarType.Float32, updates[0].Target.device);
        Tensor[] targets = Array.ConvertAll(updates, update => update.Target);
        Script.Adam(
            targets, Array.ConvertAll(updates, update => update.Gradient), Of(Mean), Of(Square), options.AmsGrad ? Of(LargestSquare) : [], Array.ConvertAll(updates, _ => step),
            learningRate, options.Beta1, options.Beta2, Decay(updates[0]), options.Epsilon, divisor, options.L2, options.AmsGrad);
        Array.ForEach(targets, WriteCount.Raise);

        Tensor[] Of(string moment) => Array.ConvertAll(updates, update => update.State[moment]);
    }

    // The definition. The means start at zero: 1 − βᵗ is what they lack.
    private void Plain(Update update, double learningRate, double gradientScale)
    {
        using var scope = NewDisposeScope();
        (ParameterState state, Tensor weights) = (update.State, update.Target);
        double taken = Decay(update);
        using Scalar decay = taken, left = 1 - (learningRate * taken), keptMean = options.Beta1, freshMean = 1 - options.Beta1, kept = options.Beta2, fresh = 1 - options.Beta2,
            rate = -learningRate / (1 - Math.Pow(options.Beta1, state.Steps)), lack = Math.Sqrt(1 - Math.Pow(options.Beta2, state.Steps)), epsilon = options.Epsilon, one = 1;
        Tensor gradient = update.Scaled(gradientScale), mean = state[Mean], square = state[Square];
        if (taken != 0 && options.L2)
            gradient.add_(weights, decay);
        else if (taken != 0)
            weights.mul_(left);
        mean.mul_(keptMean).add_(gradient, freshMean);
        square.mul_(kept).addcmul_(gradient, gradient, fresh);
        if (options.AmsGrad)
            square = state[LargestSquare].copy_(maximum(state[LargestSquare], square));
        weights.addcdiv_(mean, square.sqrt().div_(lack).add_(epsilon, one), rate);
    }
}
