using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Transformers;

/// <summary>
/// The one block of every model here: self-attention, cross-attention where there is an encoder to read, feed-forward,
/// each added to the stream with its norms where the configuration puts them. Several layers may run one.
/// </summary>
internal sealed class Block
{
    private readonly StackConfig _config;
    private readonly Attention _self;
    private readonly Attention? _cross;
    private readonly FeedForward _feedForward;
    private readonly SubLayerNorms _selfNorms;
    private readonly SubLayerNorms? _crossNorms;
    private readonly SubLayerNorms _feedForwardNorms;
    private readonly Weights[] _weights;

    public Block(ParameterStore store, string path, StackConfig config, int layer, long width)
    {
        _config = config;
        int first = store.Groups.Count;
        _selfNorms = layer == 0 && config.Norm.SkipFirst ? SubLayerNorms.None : new SubLayerNorms(store, path + ".self", config.Norm, width);
        _self = new Attention(store, path + ".self", config, width, cross: false);
        if (config.CrossAttention)
        {
            _crossNorms = new SubLayerNorms(store, path + ".cross", config.Norm, width);
            _cross = new Attention(store, path + ".cross", config, width, cross: true);
        }

        _feedForwardNorms = new SubLayerNorms(store, path + ".feedforward", config.Norm, width);
        _feedForward = new FeedForward(store, path + ".feedforward", config, width);
        _weights = [.. store.Groups.Skip(first)];
    }

    /// <summary>The block's own parameters: nothing else reads them.</summary>
    public IReadOnlyList<Parameter> Parameters => [.. _weights.SelectMany(weights => weights.Parts)];

    public IEnumerable<AdapterSite> Sites =>
        [.. _selfNorms.Sites, .. _self.Sites, .. _crossNorms?.Sites ?? [], .. _cross?.Sites ?? [], .. _feedForwardNorms.Sites, .. _feedForward.Sites];

    /// <summary>[B, T, D] → [B, T, D].</summary>
    public Tensor Forward(Tensor x, Pass pass)
    {
        using var scope = NewDisposeScope();
        ForwardContext context = pass.Context;
        if (_config.ParallelResidual)
        {
            Tensor attended = _self.Self(_selfNorms.Before(x, context), pass);
            Tensor fed = _feedForward.Forward(_feedForwardNorms.Before(x, context), context);
            return x.Plus(context.Drop(attended, AttentionDropout)).PlusInPlace(context.Drop(fed, FeedForwardDropout)).MoveToOuterDisposeScope();
        }

        x = Add(x, _selfNorms, AttentionDropout, context, input => _self.Self(input, pass));
        if (_cross is not null)
        {
            x = Add(x, _crossNorms!, AttentionDropout, context, input =>
            {
                (Tensor keys, Tensor values) = pass.Memory(_cross);
                return _cross.Cross(input, keys, values, pass.CrossMask!, context, pass.CrossAttentions);
            });
        }

        return Add(x, _feedForwardNorms, FeedForwardDropout, context, input => _feedForward.Forward(input, context)).MoveToOuterDisposeScope();
    }

    private double AttentionDropout => _config.AttentionOutputDropout ?? _config.Dropout;

    private double FeedForwardDropout => _config.FeedForwardOutputDropout ?? _config.Dropout;

    // The four placements of NormPlacement: norms that a placement lacks let everything through.
    private static Tensor Add(Tensor x, SubLayerNorms norms, double dropout, ForwardContext context, Func<Tensor, Tensor> subLayer)
    {
        using var scope = NewDisposeScope();
        Tensor output = norms.After(subLayer(norms.Before(x, context)), context);
        return norms.OnSum(x.Plus(context.Drop(output, dropout)), context).MoveToOuterDisposeScope();
    }

    /// <summary>What all blocks of one forward pass share, and what is one layer's own: its number, its angles, the keys and values in front.</summary>
    internal sealed record Pass(ForwardContext Context, AttentionMask SelfMask)
    {
        public int Layer { get; init; }

        public Rotary.Angles? Rotary { get; init; }

        /// <summary>Keys and values that self-attention finds before its own, each [B or 1, P, Hkv, d].</summary>
        public (Tensor Keys, Tensor Values)? Front { get; init; }

        public AttentionMask? CrossMask { get; init; }

        /// <summary>The encoder's states [B, S, D] for cross-attention.</summary>
        public Tensor? MemoryStates { get; init; }

        public List<Tensor>? Attentions { get; init; }

        public List<Tensor>? CrossAttentions { get; init; }

        public (Tensor Keys, Tensor Values) Memory(Attention attention) =>
            Context.Cache is { } cache
                ? cache.Cross(Layer, () => attention.ProjectMemory(MemoryStates!, Context))
                : attention.ProjectMemory(MemoryStates!, Context);
    }

    /// <summary>The norms around one sub-layer.</summary>
    private sealed class SubLayerNorms
    {
        private readonly Norm? _before;
        private readonly Norm? _after;
        private readonly Norm? _onSum;

        private SubLayerNorms()
        {
        }

        public SubLayerNorms(ParameterStore store, string path, NormConfig config, long width)
        {
            NormPlacement placement = config.Placement;
            if (placement is NormPlacement.Pre or NormPlacement.Sandwich)
                _before = new Norm(store, path + ".norm", config, width);
            if (placement is NormPlacement.Sandwich or NormPlacement.Output)
                _after = new Norm(store, path + ".output_norm", config, width);
            if (placement == NormPlacement.Post)
                _onSum = new Norm(store, path + ".norm", config, width);
        }

        public static SubLayerNorms None { get; } = new();

        public IEnumerable<AdapterSite> Sites => new[] { _before, _after, _onSum }.OfType<Norm>().SelectMany(norm => norm.Sites);

        public Tensor Before(Tensor x, ForwardContext context) => _before?.Forward(x, context) ?? x;

        public Tensor After(Tensor x, ForwardContext context) => _after?.Forward(x, context) ?? x;

        public Tensor OnSum(Tensor x, ForwardContext context) => _onSum?.Forward(x, context) ?? x;
    }
}
