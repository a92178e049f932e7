using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>Keys and values in front of every layer's own: see <see cref="PrefixTuningOptions"/>.</summary>
internal sealed class PrefixTuning : SoftPrompt, IVirtualKeys
{
    private readonly TransformerConfig _config;
    private readonly Func<SoftPrompt>? _again;
    private readonly Parameter _embedding;
    private readonly Dense? _inner;
    private readonly Dense? _outer;

    /// <param name="finished"><c>prompt_embeddings</c> [n, 2L · Hkv · d]; copied.</param>
    /// <param name="config">The model's.</param>
    public PrefixTuning(Tensor finished, TransformerConfig config)
        : base((int)finished.size(0))
    {
        if (finished.dim() != 2 || finished.size(1) != Width(config))
            throw new ArgumentException($"The prefix must be [n, {Width(config)}] for {StoredLayers(config)} layers, found [{string.Join(", ", finished.shape)}].", nameof(finished));
        _config = config;
        _embedding = Add("embedding.weight", finished);
    }

    private PrefixTuning(PrefixTuningOptions options, TransformerConfig config, Draws draws, Func<SoftPrompt> again)
        : base(options.VirtualTokens)
    {
        _config = config;
        _again = again;
        long read = (long)config.Last.KeyValueHeadCount * config.Last.HeadSize, inner = options.ProjectionWidth ?? read;
        _embedding = Add("embedding.weight", draws.Normal(Count, read));
        _inner = AddDense("transform.0", read, inner, draws);
        _outer = AddDense("transform.2", inner, Width(config), draws);
    }

    /// <summary>A new prefix for a model.</summary>
    public static PrefixTuning Create(PrefixTuningOptions options, TransformerModel model)
    {
        options.Validate();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Draws draws = new(options.Seed, model);
        return options.Projection
            ? new PrefixTuning(options, model.Config, draws, () => Create(options, model))
            : new PrefixTuning(draws.Normal(options.VirtualTokens, Width(model.Config)), model.Config);
    }

    public Tensor KeysAndValues()
    {
        RequireAlive();
        using var scope = NewDisposeScope();
        StackConfig stack = _config.Last;
        int layers = StoredLayers(_config);
        // [n, 2L · Hkv · d] → [n, 2L, Hkv, d]
        Tensor entries = Evaluate().view(Count, 2L * layers, stack.KeyValueHeadCount, stack.HeadSize);
        if (StoredRows(_config) == 2)
        {
            // peft writes the 2L entries down twice for an encoder–decoder and gives each layer four, of which the decoder's
            // self-attention uses two: layer l takes entries 4l and 4l + 1, counted modulo 2L, L the encoder's layers. Its files mean
            // that, and so do ours.
            long[] order = [.. Enumerable.Range(0, stack.Layers).Select(layer => 4L * layer % (2 * layers)).SelectMany(key => new[] { key, key + 1 })];
            entries = entries.index_select(1, tensor(order, ScalarType.Int64, entries.device));
        }

        return entries.MoveToOuterDisposeScope();
    }

    protected override SoftPrompt Again() => _again?.Invoke() ?? new PrefixTuning(_embedding, _config);

    protected override Tensor Evaluate() => _inner is null ? _embedding.alias() : _outer!.Forward(_inner.Forward(_embedding).tanh());

    /// <summary>How wide the file's rows are: 2L · Hkv · d.</summary>
    public static long Width(TransformerConfig config) => 2L * StoredLayers(config) * config.Last.KeyValueHeadCount * config.Last.HeadSize;

    private static int StoredLayers(TransformerConfig config) => (config.Encoder ?? config.Last).Layers;
}
