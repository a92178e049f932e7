using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>Gradient descent: weights −= rate · (gradient, or the momentum of gradients).</summary>
internal sealed class SgdRule(SgdOptions options) : IUpdateRule
{
    private const string Buffer = "momentum_buffer";

    public IEnumerable<(string Kind, long[] Shape)> Moments(long[] shape) => options.Momentum == 0 ? [] : [(Buffer, shape)];

    public void Apply(IReadOnlyList<Update> updates, double learningRate, double gradientScale)
    {
        foreach (Update update in updates)
        {
            using var scope = NewDisposeScope();
            (ParameterState state, Tensor weights) = (update.State, update.Target);
            Tensor gradient = update.Scaled(gradientScale);
            if (state.Decays && options.WeightDecay != 0)
                gradient.add_(weights, options.WeightDecay);
            if (options.Momentum != 0)
                gradient = WithMomentum(state, gradient);
            weights.add_(gradient, -learningRate);
        }
    }

    private Tensor WithMomentum(ParameterState state, Tensor gradient)
    {
        Tensor buffer = state[Buffer];
        buffer.mul_(options.Momentum).add_(gradient, state.Steps == 1 ? 1 : 1 - options.Dampening); // the first is not dampened
        return options.Nesterov ? gradient.add_(buffer, options.Momentum) : buffer;
    }
}
