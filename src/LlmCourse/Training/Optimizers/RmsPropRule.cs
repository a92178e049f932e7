using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>RMSprop: weights −= rate · gradient / √(mean of squares), or the momentum of these.</summary>
internal sealed class RmsPropRule(RmsPropOptions options) : IUpdateRule
{
    private const string Square = "square_avg";
    private const string Buffer = "momentum_buffer";

    public IEnumerable<(string Kind, long[] Shape)> Moments(long[] shape) => options.Momentum == 0 ? [(Square, shape)] : [(Square, shape), (Buffer, shape)];

    // The root of the squares.
    public long Temporaries(long[] shape) => shape.Aggregate(1L, (product, size) => product * size);

    public void Apply(IReadOnlyList<Update> updates, double learningRate, double gradientScale)
    {
        using Scalar rate = -learningRate, decay = options.WeightDecay, kept = options.Smoothing, fresh = 1 - options.Smoothing,
            epsilon = options.Epsilon, momentum = options.Momentum, one = 1;
        foreach (Update update in updates)
        {
            using var scope = NewDisposeScope();
            (ParameterState state, Tensor weights) = (update.State, update.Target);
            Tensor gradient = update.Scaled(gradientScale);
            if (state.Decays && options.WeightDecay != 0)
                gradient.add_(weights, decay);
            Tensor root = state[Square].mul_(kept).addcmul_(gradient, gradient, fresh).sqrt().add_(epsilon, one);
            if (options.Momentum == 0)
                weights.addcdiv_(gradient, root, rate);
            else
                weights.add_(state[Buffer].mul_(momentum).addcdiv_(gradient, root, one), rate);
        }
    }
}
