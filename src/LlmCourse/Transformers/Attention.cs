using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// Multi-head attention (Vaswani et al. 2017, eq. 1), self or cross, with any number of key and value heads:
/// softmax(scale · q kᵀ + bias, masked) v.
/// </summary>
internal sealed class Attention
{
    private readonly StackConfig _config;
    private readonly Linear _query;
    private readonly Linear? _keyValue;
    private readonly Linear _output;
    private readonly Norm? _queryNorm;
    private readonly Norm? _keyNorm;

    /// <param name="store">Where parameters are registered.</param>
    /// <param name="path">Their prefix.</param>
    /// <param name="config">The stack's choices.</param>
    /// <param name="width">The width D of the stream.</param>
    /// <param name="cross">Whether keys and values come from an encoder, so that only they share a storage.</param>
    public Attention(ParameterStore store, string path, StackConfig config, long width, bool cross)
    {
        _config = config;
        long q = (long)config.Heads * config.HeadSize, kv = (long)config.KeyValueHeadCount * config.HeadSize;
        bool bias = config.QueryKeyValueBias;
        if (cross)
        {
            _query = new Linear(store, width, bias, (path + ".q", q));
            _keyValue = new Linear(store, width, bias, (path + ".k", kv), (path + ".v", kv));
        }
        else
        {
            _query = config.FusedQueryKeyValue
                ? new Linear(store, width, bias, (path + ".qkv", q + kv + kv))
                : new Linear(store, width, bias, (path + ".q", q), (path + ".k", kv), (path + ".v", kv));
        }

        _output = new Linear(store, q, config.OutputBias, (path + ".o", width));
        if (config.QueryKeyNorm && !cross)
        {
            _queryNorm = new Norm(store, path + ".q_norm", config.Norm, config.JointQueryKeyNorm ? q : config.HeadSize);
            _keyNorm = new Norm(store, path + ".k_norm", config.Norm, config.JointQueryKeyNorm ? kv : config.HeadSize);
        }
    }

    public IEnumerable<AdapterSite> Sites =>
        [.. _query.Sites, .. _keyValue?.Sites ?? [], .. _output.Sites, .. _queryNorm?.Sites ?? [], .. _keyNorm?.Sites ?? []];

    /// <summary>Self-attention over x [B, T, D] → [B, T, D]; with a cache, over what it holds as well, or over what stands in front.</summary>
    public Tensor Self(Tensor x, Block.Pass pass)
    {
        using var scope = NewDisposeScope();
        ForwardContext context = pass.Context;
        (Tensor q, Tensor k, Tensor v) = Project(x, context);
        if (_queryNorm is not null && !_config.JointQueryKeyNorm)
            (q, k) = (_queryNorm.Forward(q, context), _keyNorm!.Forward(k, context));
        if (pass.Rotary is { } rotary)
            (q, k) = (Kernels.Rotate(q, rotary.Cos, rotary.Sin), Kernels.Rotate(k, rotary.Cos, rotary.Sin));
        if (context.Cache is { } cache)
            (k, v) = cache.Append(pass.Layer, k, v);
        if (pass.Front is { } front)
            (k, v) = (Join(front.Keys, k), Join(front.Values, v));
        return Mix(q, k, v, pass.SelfMask.Lower(_config.Window(pass.Layer)), _config.ScaleOf(pass.Layer), context, pass.Attentions).MoveToOuterDisposeScope();
    }

    /// <summary>Attention of x [B, T, D] over an encoder's keys and values → [B, T, D].</summary>
    public Tensor Cross(Tensor x, Tensor keys, Tensor values, AttentionMask mask, ForwardContext context, List<Tensor>? captured)
    {
        using var scope = NewDisposeScope();
        Tensor q = Split(_query.Forward(x, context), _config.Heads);
        return Mix(q, keys, values, mask.Lower(null), _config.Scale, context, captured).MoveToOuterDisposeScope();
    }

    /// <summary>An encoder's states [B, S, D] → keys and values for <see cref="Cross"/>, [B, S, Hkv, d].</summary>
    public (Tensor Keys, Tensor Values) ProjectMemory(Tensor memory, ForwardContext context)
    {
        Tensor[] parts = _keyValue!.ForwardParts(memory, context);
        return (Split(parts[0], _config.KeyValueHeadCount), Split(parts[1], _config.KeyValueHeadCount));
    }

    // x [B, T, D] → q [B, T, H, d], k and v [B, T, Hkv, d]
    private (Tensor Query, Tensor Key, Tensor Value) Project(Tensor x, ForwardContext context)
    {
        Tensor[] parts = _query.ForwardParts(x, context);
        if (_config.QueryKeyValueByHead)
        {
            // [B, T, H·3·d] → [B, T, H, 3, d] → 3 × [B, T, H, d]
            parts = parts[0].view(x.size(0), x.size(1), _config.Heads, 3, _config.HeadSize).unbind(3);
            return (parts[0], parts[1], parts[2]);
        }

        if (parts.Length == 1)
        {
            long q = (long)_config.Heads * _config.HeadSize, kv = (long)_config.KeyValueHeadCount * _config.HeadSize;
            parts = [parts[0].narrow(-1, 0, q), parts[0].narrow(-1, q, kv), parts[0].narrow(-1, q + kv, kv)];
        }

        if (_config.JointQueryKeyNorm)
            (parts[0], parts[1]) = (_queryNorm!.Forward(parts[0].contiguous(), context), _keyNorm!.Forward(parts[1].contiguous(), context));
        return (Split(parts[0], _config.Heads), Split(parts[1], _config.KeyValueHeadCount), Split(parts[2], _config.KeyValueHeadCount));
    }

    // [B or 1, P, Hkv, d] and [B, T, Hkv, d] → [B, P + T, Hkv, d]
    private static Tensor Join(Tensor front, Tensor own) => cat([front.expand(own.size(0), -1, -1, -1), own], 1);

    // [B, T, h·d] → [B, T, h, d]
    private Tensor Split(Tensor x, int heads) => x.view(x.size(0), x.size(1), heads, _config.HeadSize);

    // q [B, T, H, d], k and v [B, S, Hkv, d] → [B, T, D]
    private Tensor Mix(Tensor q, Tensor k, Tensor v, AttentionMask.Lowered mask, double scale, ForwardContext context, List<Tensor>? captured)
    {
        (q, k, v) = (q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)); // [B, H, T, d], [B, Hkv, S, d]
        bool explicitWeights = captured is not null || !Kernels.Fast || _config.AttentionSoftcap is not null
            || (context.Dropout is not null && _config.AttentionDropout > 0);
        Tensor mixed = explicitWeights
            ? Explicit(q, k, v, mask, scale, context, captured)
            : Kernels.Attention(q, k, v, mask.Tensor, mask.Causal, scale);
        // [B, H, T, d] → [B, T, H·d]
        Tensor joined = mixed.transpose(1, 2).reshape(q.size(0), q.size(2), (long)_config.Heads * _config.HeadSize);
        return _output.Forward(joined, context);
    }

    /// <summary>The same with every intermediate at hand, for captured weights, soft-capping and dropout.</summary>
    private Tensor Explicit(Tensor q, Tensor k, Tensor v, AttentionMask.Lowered mask, double scale, ForwardContext context, List<Tensor>? captured)
    {
        long batch = q.size(0), heads = q.size(1), queries = q.size(2), size = q.size(3), keys = k.size(2), group = heads / k.size(1);
        if (k.size(0) != batch) // many rows over one encoded one
            (k, v) = (k.expand(batch, -1, -1, -1), v.expand(batch, -1, -1, -1));
        if (group > 1) // each key head serves `group` query heads
            (k, v) = (k.repeat_interleave(group, 1), v.repeat_interleave(group, 1));
        Tensor scores = bmm(q.reshape(batch * heads, queries, size), k.reshape(batch * heads, keys, size).transpose(1, 2))
            .Times(scale).view(batch, heads, queries, keys);
        if (_config.AttentionSoftcap is { } cap)
            scores = scores.Over(cap).tanh().Times(cap);
        if (mask.AsFloat(scores) is { } bias)
            scores = scores.Plus(bias);
        Tensor weights = scores.softmax(-1, scores.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32).to(q.dtype);
        captured?.Add(weights.alias().DetachFromDisposeScope());
        weights = context.Drop(weights, _config.AttentionDropout);
        return bmm(weights.reshape(batch * heads, queries, keys), v.reshape(batch * heads, keys, size)).view(batch, heads, queries, size);
    }
}
