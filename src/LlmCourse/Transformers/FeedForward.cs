using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>down(act(up x)), or gated: down(act(gate x) · up x).</summary>
internal sealed class FeedForward
{
    private readonly StackConfig _config;
    private readonly Linear _in;
    private readonly Linear _down;

    public FeedForward(ParameterStore store, string path, StackConfig config, long width)
    {
        _config = config;
        long inner = config.FeedForwardWidth;
        _in = config.FusedGateUp ? new Linear(store, width, config.FeedForwardBias, (path + ".gate_up", 2 * inner))
            : config.Gated ? new Linear(store, width, config.FeedForwardBias, (path + ".gate", inner), (path + ".up", inner))
            : new Linear(store, width, config.FeedForwardBias, (path + ".up", inner));
        _down = new Linear(store, inner, config.FeedForwardBias, (path + ".down", width));
    }

    public IEnumerable<AdapterSite> Sites => [.. _in.Sites, .. _down.Sites];

    /// <summary>x [B, T, D] → [B, T, D].</summary>
    public Tensor Forward(Tensor x, ForwardContext context)
    {
        using var scope = NewDisposeScope();
        Tensor[] parts = _in.ForwardParts(x, context);
        if (_config.FusedGateUp)
        {
            // [B, T, 2·F] → [B, T, 2, F] → 2 × [B, T, F]; copied for training, which would keep the whole for each.
            parts = parts[0].view(x.size(0), x.size(1), 2, _config.FeedForwardWidth).unbind(2);
            if (parts[0].requires_grad)
                parts = Array.ConvertAll(parts, part => part.contiguous());
        }

        if (_config is { Gated: true, Activation: Activation.Silu } && context.Adapter?.ActsOn(_down.Sites[0]) != true && (context.Dropout is null || _config.ActivationDropout == 0) && _down.Bias(context) is null)
            return Kernels.GatedSiluLinear(parts[0], parts[1], _down.Weight(context)).MoveToOuterDisposeScope();
        Tensor inner = !_config.Gated ? Activate(parts[0], _config.Activation)
            : _config.Activation == Activation.Silu ? Kernels.GatedSilu(parts[0], parts[1])
            : Activate(parts[0], _config.Activation).mul(parts[1]);
        inner = context.Drop(inner, _config.ActivationDropout);
        return _down.Forward(inner, context).MoveToOuterDisposeScope();
    }

    internal static Tensor Activate(Tensor x, Activation activation) => activation switch
    {
        Activation.Relu => nn.functional.relu(x),
        Activation.Gelu => x.gelu(TorchSharp.Modules.GELU.Approximate.none),
        Activation.GeluTanh => x.gelu(TorchSharp.Modules.GELU.Approximate.tanh),
        Activation.Silu => nn.functional.silu(x),
        Activation.Tanh => x.tanh(),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Unknown activation."),
    };
}
