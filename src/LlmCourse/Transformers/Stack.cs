using LlmCourse.Data;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>An encoder or a decoder: embeddings with positions, then blocks, then a norm.</summary>
internal sealed class Stack : IDisposable
{
    private readonly StackConfig _config;
    private readonly bool _narrowTokens;
    private readonly Embedding? _positions;
    private readonly Embedding? _tokenTypes;
    private readonly Norm? _embeddingNorm;
    private readonly Linear? _embeddingProjection;
    private readonly Linear? _outputProjection;
    private readonly Norm? _finalNorm;
    private readonly RelativeBias[] _biases = []; // one for all layers, or one for each
    private readonly Dictionary<PositionConfig, Rotary> _rotaries = []; // one serves all layers of one setting
    private readonly PositionTable? _sinusoids;
    private readonly Block[] _blocks;
    private readonly Block[] _layers;

    /// <param name="store">Where parameters are registered.</param>
    /// <param name="path">Their prefix.</param>
    /// <param name="config">The stack's choices.</param>
    /// <param name="width">The width D of the stream.</param>
    /// <param name="embeddingWidth">The width E of the tables, from which a map leads to D; null where they are as wide as the stream.</param>
    /// <param name="narrowTokens">Whether only the tokens' table is of width E, and a map leads back to it.</param>
    public Stack(ParameterStore store, string path, StackConfig config, long width, long? embeddingWidth, bool narrowTokens)
    {
        _config = config;
        _narrowTokens = narrowTokens;
        long tables = narrowTokens ? width : embeddingWidth ?? width;
        PositionConfig positions = config.Positions;
        if (positions.Kind == PositionKind.Learned)
            _positions = new Embedding(store, path + ".positions", positions.Count, tables);
        if (config.TokenTypes > 0)
            _tokenTypes = new Embedding(store, path + ".token_types", config.TokenTypes, tables);
        if (config.Norm.Embedding)
            _embeddingNorm = new Norm(store, path + ".embedding_norm", config.Norm, tables);
        if (embeddingWidth is { } narrow)
            _embeddingProjection = new Linear(store, narrow, bias: !narrowTokens, (path + ".embedding_projection", width));
        if (positions.Kind == PositionKind.RelativeBias)
        {
            string[] names = positions.BiasByLayer ? [.. Enumerable.Range(0, config.Layers).Select(layer => $"{path}.{layer}.relative_bias")] : [path + ".relative_bias"];
            _biases = Array.ConvertAll(names, name => new RelativeBias(store, name, positions, !config.Causal, config.Heads));
        }

        if (positions.Kind == PositionKind.Sinusoidal)
            _sinusoids = Sinusoidal.Table((int)tables);
        foreach (PositionConfig rotary in Enumerable.Range(0, config.Layers).Select(config.PositionsOf).Where(layer => layer.Kind == PositionKind.Rotary).Distinct())
            _rotaries.Add(rotary, new Rotary(rotary, config.HeadSize));
        _blocks = [.. Enumerable.Range(0, config.OwnLayers).Select(layer => new Block(store, $"{path}.{layer}", config, layer, width))];
        _layers = [.. Enumerable.Range(0, config.Layers).Select(layer => _blocks[config.WeightsOf(layer)])];
        if (config.Norm.Final)
            _finalNorm = new Norm(store, path + ".final_norm", config.Norm, width);
        if (narrowTokens)
            _outputProjection = new Linear(store, width, bias: false, (path + ".output_projection", embeddingWidth!.Value));
    }

    public IEnumerable<AdapterSite> Sites =>
        [.. _embeddingProjection?.Sites ?? [], .. _blocks.SelectMany(block => block.Sites), .. _embeddingNorm?.Sites ?? [], .. _finalNorm?.Sites ?? [], .. _outputProjection?.Sites ?? []];

    /// <summary>
    /// The embeddings of a pass's columns [B, W, E] → hidden states [B, W, D] (E again where tokens alone are narrow); <paramref name="front"/> is what its
    /// self-attention may find in front, memory is what cross-attention reads.
    /// </summary>
    public Output Run(Tensor embedded, Columns columns, VirtualTokens? front, ForwardContext context, EncoderMemory? memory)
    {
        using var scope = NewDisposeScope();
        if (front is not null && columns.Segments is not null && !_config.Causal)
            throw new ArgumentException("Virtual tokens of an encoder would see every packed sequence: pass one sequence a row.", nameof(columns));
        // How many positions come before each row's first column: what a cache holds, and keys of a soft prompt.
        int[] keyed = front?.Counts<IVirtualKeys>(columns.Count) ?? new int[columns.Count];
        int[] past = context.Cache is { } cache ? [.. cache.Lengths.Zip(keyed, (length, count) => length + count)] : keyed;
        PositionNumbers positions = PositionNumbers.Of(columns, past);
        Tensor x = Embed(embedded, columns, positions, context);
        Tensor? entries = front?.KeysAndValues(columns.Count, _config, x.dtype, last: context.Cache is null); // [B or 1, P, 2L, Hkv, d]
        entries = entries is null ? null : Cut(entries, context); // every block reads of them
        if (entries is not null && context.Cache is not null)
        {
            for (int layer = 0; layer < _config.Layers; layer++)
                context.Cache.Append(layer, Entry(entries, 2 * layer), Entry(entries, (2 * layer) + 1));
            context.Cache.Advance(keyed);
            entries = null;
        }

        using AttentionMask selfMask = SelfMask(columns, past, context, x.device);
        using AttentionMask? crossMask = memory?.Mask(columns.Width, columns.Count);
        List<Tensor>? hidden = context.CaptureHiddenStates ? [] : null;
        Block.Pass pass = new(context, selfMask)
        {
            CrossMask = crossMask,
            MemoryStates = memory?.States,
            Attentions = context.CaptureAttentions ? [] : null,
            CrossAttentions = context.CaptureAttentions && memory is not null ? [] : null,
        };
        try
        {
            x = RunBlocks(x, pass, _rotaries.ToDictionary(rotary => rotary.Key, rotary => rotary.Value.At(positions, x.dtype, x.device)), entries, hidden);
        }
        catch
        {
            foreach (Tensor captured in (IEnumerable<Tensor>)[.. hidden ?? [], .. pass.Attentions ?? [], .. pass.CrossAttentions ?? []])
                captured.Dispose();
            throw;
        }

        return new Output(x.MoveToOuterDisposeScope(), hidden, pass.Attentions, pass.CrossAttentions);
    }

    public void Dispose()
    {
        foreach (Rotary rotary in _rotaries.Values)
            rotary.Dispose();
        _sinusoids?.Dispose();
    }

    private Tensor RunBlocks(Tensor x, Block.Pass shared, Dictionary<PositionConfig, Rotary.Angles> angles, Tensor? entries, List<Tensor>? hidden)
    {
        ForwardContext context = shared.Context;
        bool recompute = context.GradientCheckpointing && is_grad_enabled() && context.Cache is null;
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            Block block = _layers[layer];
            using AttentionMask? own = _config.Positions.BiasByLayer ? WithBias(shared.SelfMask, layer, context) : null;
            Block.Pass pass = shared with
            {
                SelfMask = own ?? shared.SelfMask,
                Layer = layer,
                Rotary = angles.GetValueOrDefault(_config.PositionsOf(layer)),
                Front = entries is null ? null : (Entry(entries, 2 * layer), Entry(entries, (2 * layer) + 1)),
            };
            hidden?.Add(x.alias().DetachFromDisposeScope());
            Tensor next = recompute ? RecomputedBlock.Run(block, x, pass) : block.Forward(x, pass);
            x.Dispose(); // autograd keeps what it needs; nothing else needs it
            x = Cut(next, context, Array.IndexOf(_layers, block) == layer ? block : null); // the first layer that runs it is the last to add to its gradients
        }

        if (_finalNorm is not null)
            x = _finalNorm.Forward(x, context);
        if (_outputProjection is not null)
            x = _outputProjection.Forward(x, context); // [B, W, D] → [B, W, E]
        if (_config.FinalDropout)
            x = context.Drop(x, _config.Dropout);
        x = Cut(x, context); // every block of a decoder reads an encoder's states
        hidden?.Add(x.alias().DetachFromDisposeScope());
        return x;
    }

    private static Tensor Cut(Tensor x, ForwardContext context, Block? block = null)
    {
        if (context.Cuts is not { } cuts)
            return x;
        using (x)
            return cuts.Cut(x, block);
    }

    // [B or 1, P, 2L, Hkv, d] → [B or 1, P, Hkv, d]
    private static Tensor Entry(Tensor entries, int index) => entries.select(2, index);

    /// <summary>Token vectors [.., D] as the stack reads them: fresh.</summary>
    public Tensor Scaled(Tensor vectors)
    {
        if (_config.EmbeddingScale == 1)
            return vectors.alias();
        if (!_config.RoundedEmbeddingScale)
            return vectors.Times(_config.EmbeddingScale);
        using Tensor factor = tensor(_config.EmbeddingScale, vectors.dtype, vectors.device);
        return vectors.mul(factor);
    }

    // [B, W, E] → [B, W, D] with positions and token types
    private Tensor Embed(Tensor embedded, Columns columns, PositionNumbers positions, ForwardContext context)
    {
        PositionConfig config = _config.Positions;
        if (config.Kind == PositionKind.Learned && positions.Maximum + config.Offset >= config.Count)
        {
            throw new SequenceTooLongException(
                $"The model has {config.Count - config.Offset} positions, and a row needs {positions.Maximum + 1}: shorten the text.");
        }

        Tensor x = _narrowTokens ? _embeddingProjection!.Forward(embedded, context) : embedded.alias();
        if (_tokenTypes is not null)
        {
            Sequences sequences = columns.Sequences;
            if (sequences.MinimumTokenType < 0 || sequences.MaximumTokenType >= _config.TokenTypes)
                throw new ArgumentException($"Token types must be in 0 to {_config.TokenTypes - 1}, found {sequences.MinimumTokenType} to {sequences.MaximumTokenType}.", nameof(columns));
            x = x.Plus(_tokenTypes.Forward(TokenTypes(columns, x.device), context));
        }

        if (_positions is not null)
            x = x.Plus(positions.Rows(_positions.Table(context), config.Offset));
        if (_sinusoids is not null)
            x = x.Plus(positions.Rows(_sinusoids.AtLeast(positions.Needed, x.dtype, x.device)));
        if (_embeddingNorm is not null)
            x = _embeddingNorm.Forward(x, context);
        x = context.Drop(x, _config.EmbeddingDropout ?? _config.Dropout);
        return _narrowTokens || _embeddingProjection is null ? x : _embeddingProjection.Forward(x, context); // [B, W, E] → [B, W, D]
    }

    // Virtual tokens are of type 0.
    private static Tensor TokenTypes(Columns columns, Device device)
    {
        if (columns.Sequences.TokenTypes is not { } types)
            return zeros([1, columns.Width], ScalarType.Int64, device);
        int front = columns.Virtual.Max();
        return columns.Join(types, front == 0 ? null : (zeros([front], ScalarType.Int64, device), new int[columns.Count])); // [B, W]
    }

    private AttentionMask SelfMask(Columns columns, int[] past, ForwardContext context, Device device)
    {
        int before = past.Max(), keys = before + columns.Width;
        // A cache's rows begin in column 0, and go on where each ends; keys of soft prompts end where all rows' own begin.
        int[] offsets = context.Cache is null ? [.. Enumerable.Repeat(before, columns.Count)] : past;
        int[] starts = [.. Enumerable.Range(0, columns.Count).Select(r => columns.Starts[r] + offsets[r] - past[r])];
        bool ragged = !_config.Causal && !columns.IsDense;
        return new AttentionMask
        {
            Queries = columns.Width,
            Keys = keys,
            Offsets = offsets,
            Device = device,
            Self = true,
            Causal = _config.Causal,
            Starts = Array.TrueForAll(starts, start => start == 0) ? null : starts,
            Ends = ragged ? [.. Enumerable.Range(0, columns.Count).Select(r => offsets[r] + columns.Starts[r] + columns.Lengths[r])] : null,
            Segments = columns.Segments,
            Bias = _biases.Length == 0 || _config.Positions.BiasByLayer ? null
                : Cut(_biases[0].At(offsets, columns.Width, keys, device, context), context).DetachFromDisposeScope(),
            Cuts = context.Cuts,
        };
    }

    // A layer's own bias is a part of its block's graph: nothing is cut in between.
    private AttentionMask WithBias(AttentionMask mask, int layer, ForwardContext context)
    {
        using Tensor bias = _biases[layer].At(mask.Offsets, mask.Queries, mask.Keys, mask.Device, context);
        return mask.WithBias(bias);
    }

    /// <summary>The last states and what was captured, all including virtual positions.</summary>
    internal sealed record Output(Tensor States, List<Tensor>? HiddenStates, List<Tensor>? Attentions, List<Tensor>? CrossAttentions);
}
