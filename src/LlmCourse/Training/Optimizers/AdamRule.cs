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
        Tensor step = full([], updates[0].State.Steps, ScalarType.Float32, updates[0].Target.device);
        // The kernel divides by its scale.
        Tensor? divisor = gradientScale == 1 ? null : full([], 1 / gradientScale, ScalarType.Float32, updates[0].Target.device);
        Tensor[] targets = Array.ConvertAll(updates, update => update.Target);
        Script.Adam(
            targets, Array.ConvertAll(updates, update => update.Gradient), Of(Mean), Of(Square), options.AmsGrad ? Of(LargestSquare) : [], Array.ConvertAll(updates, _ => step),
            learningRate, options.Beta1, options.Beta2, Decay(updates[0]), options.Epsilon, divisor, options.L2, options.AmsGrad);
        Script.CountWrite(targets);

        Tensor[] Of(string moment) => Array.ConvertAll(updates, update => update.State[moment]);
    }

    // The definition.
    private void Plain(Update update, double learningRate, double gradientScale)
    {
        using var scope = NewDisposeScope();
        (ParameterState state, Tensor weights) = (update.State, update.Target);
        Tensor gradient = update.Scaled(gradientScale);
        double decay = Decay(update);
        if (decay != 0 && options.L2)
            gradient.add_(weights, decay);
        else if (decay != 0)
            weights.mul_(1 - (learningRate * decay));
        Tensor mean = state[Mean], square = state[Square];
        mean.lerp_(gradient, 1 - options.Beta1);
        square.mul_(options.Beta2).addcmul_(gradient, gradient, 1 - options.Beta2);
        if (options.AmsGrad)
            square = state[LargestSquare].copy_(maximum(state[LargestSquare], square));
        // The means started at zero: 1 − βᵗ is what they lack.
        Tensor root = square.sqrt().div_(Math.Sqrt(1 - Math.Pow(options.Beta2, state.Steps))).add_(options.Epsilon);
        weights.addcdiv_(mean, root, -learningRate / (1 - Math.Pow(options.Beta1, state.Steps)));
    }
}
