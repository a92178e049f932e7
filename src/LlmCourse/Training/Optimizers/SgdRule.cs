using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>Gradient descent: weights −= rate · (gradient, or the momentum of gradients).</summary>
internal sealed class SgdRule(SgdOptions options) : IUpdateRule
{
    private const string Buffer = "momentum_buffer";

    public IEnumerable<(string Kind, long[] Shape)> Moments(long[] shape) => options.Momentum == 0 ? [] : [(Buffer, shape)];

    public long Temporaries(long[] shape) => 0;

    public void Apply(IReadOnlyList<Update> updates, double learningRate, double gradientScale)
    {
        using Scalar rate = -learningRate, decay = options.WeightDecay;
        foreach (Update update in updates)
        {
            using var scope = NewDisposeScope();
            (ParameterState state, Tensor weights) = (update.State, update.Target);
            Tensor gradient = update.Scaled(gradientScale);
            if (state.Decays && options.WeightDecay != 0)
                gradient.add_(weights, decay);
            weights.add_(options.Momentum == 0 ? gradient : WithMomentum(state, gradient), rate);
        }
    }

    private Tensor WithMomentum(ParameterState state, Tensor gradient)
    {
        using Scalar momentum = options.Momentum, fresh = state.Steps == 1 ? 1 : 1 - options.Dampening; // the first is not dampened
        Tensor buffer = state[Buffer];
        buffer.mul_(momentum).add_(gradient, fresh);
        return options.Nesterov ? gradient.add_(buffer, momentum) : buffer;
    }
}
