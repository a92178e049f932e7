using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>What a head does before its output layer: dense, activation, and a norm where it has one.</summary>
internal sealed class HeadTransform
{
    private readonly HeadConfig _config;
    private readonly Linear _dense;
    private readonly Norm? _norm;

    private HeadTransform(ParameterStore store, TransformerConfig config, long output)
    {
        _config = config.Head;
        _dense = new Linear(store, config.StateWidth, _config.TransformBias, ("head.dense", output));
        _norm = _config.TransformNorm ? new Norm(store, "head.norm", config.Last.Norm, output) : null;
    }

    /// <summary>That of a configuration, to vectors of a width, or null where it has none.</summary>
    public static HeadTransform? Of(ParameterStore store, TransformerConfig config, long output) =>
        config.Head.Transform is null ? null : new HeadTransform(store, config, output);

    public IEnumerable<AdapterSite> Sites => [.. _dense.Sites, .. _norm?.Sites ?? []];

    /// <summary>[.., D] → [.., output].</summary>
    public Tensor Forward(Tensor x, ForwardContext context)
    {
        using var scope = NewDisposeScope();
        x = FeedForward.Activate(_dense.Forward(context.Drop(x, _config.TransformDropout), context), _config.Transform!.Value);
        return (_norm?.Forward(x, context) ?? x).MoveToOuterDisposeScope();
    }
}
