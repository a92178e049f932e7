using LlmCourse.Data;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>An encoder or a decoder: embeddings with positions, then blocks, then a norm.</summary>
internal sealed class Stack : IDisposable
{
    private readonly StackConfig _config;
    private readonly Embedding? _positions;
    private readonly Embedding? _tokenTypes;
    private readonly Norm? _embeddingNorm;
    private readonly Norm? _finalNorm;
    private readonly RelativeBias? _bias;
    private readonly Rotary? _rotary;
    private readonly PositionTable? _sinusoids;
    private readonly Block[] _blocks;

    public Stack(ParameterStore store, string path, StackConfig config, long width)
    {
        _config = config;
        PositionConfig positions = config.Positions;
        if (positions.Kind == PositionKind.Learned)
            _positions = new Embedding(store, path + ".positions", positions.Count, width);
        if (config.TokenTypes > 0)
            _tokenTypes = new Embedding(store, path + ".token_types", config.TokenTypes, width);
        if (config.Norm.Embedding)
            _embeddingNorm = new Norm(store, path + ".embedding_norm", config.Norm, width);
        if (positions.Kind == PositionKind.RelativeBias)
            _bias = new RelativeBias(store, path + ".relative_bias", positions, !config.Causal, config.Heads);
        if (positions.Kind == PositionKind.Sinusoidal)
            _sinusoids = Sinusoidal.Table((int)width);
        if (positions.Kind == PositionKind.Rotary)
            _rotary = new Rotary(positions, config.HeadSize);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new Block(store, $"{path}.{layer}", config, layer, width))];
        if (config.Norm.Final)
            _finalNorm = new Norm(store, path + ".final_norm", config.Norm, width);
    }

    public IEnumerable<AdapterSite> Sites => _blocks.SelectMany(block => block.Sites);

    /// <summary>
    /// Token embeddings [B, n + T, D], n of them virtual, → hidden states of the same shape; memory is what cross-attention reads.
    /// </summary>
    public Output Run(Tensor embedded, Sequences sequences, int prefix, ForwardContext context, EncoderMemory? memory)
    {
        using var scope = NewDisposeScope();
        IReadOnlyList<int>? past = context.Cache?.Lengths;
        if (past is not null && (!sequences.StartsAtZero || sequences.Segments is not null))
            throw new ArgumentException("With a cache, rows must be padded on the right and not packed.", nameof(sequences));
        if (prefix > 0 && sequences.Segments is not null && !_config.Causal)
            throw new ArgumentException("Virtual tokens of an encoder would see every packed sequence: pass one sequence a row.", nameof(sequences));
        PositionNumbers positions = PositionNumbers.Of(sequences, prefix, past);
        Tensor x = Embed(embedded, sequences, prefix, positions, context);

        using AttentionMask selfMask = SelfMask(sequences, prefix, past, context, x.device);
        using AttentionMask? crossMask = memory?.Mask(sequences.Width + prefix, context.Cache?.Lengths.Count ?? sequences.Count);
        List<Tensor>? hidden = context.CaptureHiddenStates ? [] : null;
        Block.Pass pass = new(context, selfMask)
        {
            Rotary = _rotary?.At(positions, x.dtype, x.device),
            CrossMask = crossMask,
            MemoryStates = memory?.States,
            Attentions = context.CaptureAttentions ? [] : null,
            CrossAttentions = context.CaptureAttentions && memory is not null ? [] : null,
        };
        try
        {
            x = RunBlocks(x, pass, hidden);
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
        _rotary?.Dispose();
        _sinusoids?.Dispose();
    }

    private Tensor RunBlocks(Tensor x, Block.Pass pass, List<Tensor>? hidden)
    {
        bool recompute = pass.Context.GradientCheckpointing && is_grad_enabled() && pass.Context.Cache is null;
        foreach (Block block in _blocks)
        {
            hidden?.Add(x.alias().DetachFromDisposeScope());
            Tensor next = recompute ? RecomputedBlock.Run(block, x, pass) : block.Forward(x, pass);
            x.Dispose(); // autograd keeps what it needs; nothing else needs it
            x = Cut(next, pass.Context, block);
        }

        if (_finalNorm is not null)
            x = _finalNorm.Forward(x, pass.Context);
        if (_config.FinalDropout)
            x = pass.Context.Drop(x, _config.Dropout);
        x = Cut(x, pass.Context); // every block of a decoder reads an encoder's states
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

    // [B, n + T, D] → the same, scaled, with positions and token types
    private Tensor Embed(Tensor embedded, Sequences sequences, int prefix, PositionNumbers positions, ForwardContext context)
    {
        PositionConfig config = _config.Positions;
        if (config.Kind == PositionKind.Learned && positions.Maximum + config.Offset >= config.Count)
        {
            throw new SequenceTooLongException(
                $"The model has {config.Count - config.Offset} positions, and a row needs {positions.Maximum + 1}: shorten the text.");
        }

        Tensor x = _config.EmbeddingScale == 1 ? embedded.alias() : embedded.Times(_config.EmbeddingScale);
        if (_tokenTypes is not null)
        {
            if (sequences.MinimumTokenType < 0 || sequences.MaximumTokenType >= _config.TokenTypes)
                throw new ArgumentException($"Token types must be in 0 to {_config.TokenTypes - 1}, found {sequences.MinimumTokenType} to {sequences.MaximumTokenType}.", nameof(sequences));
            x = x.Plus(_tokenTypes.Forward(TokenTypes(sequences, prefix, x.device), context));
        }

        if (_positions is not null)
            x = x.Plus(positions.Rows(_positions.Table(context), config.Offset));
        if (_sinusoids is not null)
            x = x.Plus(positions.Rows(_sinusoids.AtLeast(positions.Needed, x.dtype, x.device)));
        if (_embeddingNorm is not null)
            x = _embeddingNorm.Forward(x, context);
        return context.Drop(x, _config.EmbeddingDropout ?? _config.Dropout);
    }

    private static Tensor TokenTypes(Sequences sequences, int prefix, Device device)
    {
        Tensor types = sequences.TokenTypes ?? zeros([1, sequences.Width], ScalarType.Int64, device);
        return prefix == 0 ? types : cat([zeros([types.size(0), prefix], ScalarType.Int64, device), types], 1);
    }

    private AttentionMask SelfMask(Sequences sequences, int prefix, IReadOnlyList<int>? past, ForwardContext context, Device device)
    {
        int queries = prefix + sequences.Width, before = context.Cache?.Columns ?? 0, keys = before + queries;
        int[] offsets = past is null ? new int[sequences.Count] : [.. past];
        bool ragged = !_config.Causal && !sequences.IsDense;
        return new AttentionMask
        {
            Queries = queries,
            Keys = keys,
            Offsets = offsets,
            Device = device,
            Self = true,
            Causal = _config.Causal,
            Prefix = prefix,
            Starts = sequences.StartsAtZero ? null : [.. sequences.Starts.Select(start => start + prefix)],
            Ends = ragged ? [.. Enumerable.Range(0, sequences.Count).Select(r => prefix + sequences.Starts[r] + sequences.Lengths[r])] : null,
            Segments = sequences.Segments,
            Bias = _bias is null ? null : Cut(_bias.At(offsets, queries, keys, prefix, sequences.Starts, device, context), context).DetachFromDisposeScope(),
            Cuts = context.Cuts,
        };
    }

    /// <summary>The last states and what was captured, all including virtual positions.</summary>
    internal sealed record Output(Tensor States, List<Tensor>? HiddenStates, List<Tensor>? Attentions, List<Tensor>? CrossAttentions);
}
