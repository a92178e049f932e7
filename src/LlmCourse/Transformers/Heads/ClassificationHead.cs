using LlmCourse.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// Hidden states → logits over labels: of each row (read at the first token, as the mean of all, or at the last real one where
/// the model is a decoder) or of each token.
/// </summary>
internal sealed class ClassificationHead
{
    private readonly TransformerConfig _config;
    private readonly HeadTransform? _transform;
    private readonly Linear _output;

    public ClassificationHead(ParameterStore store, TransformerConfig config)
    {
        _config = config;
        _transform = HeadTransform.Of(store, config, config.StateWidth);
        _output = new Linear(store, config.StateWidth, config.Head.Bias, ("head.output", config.Head.Labels));
    }

    public IEnumerable<AdapterSite> Sites => [.. _transform?.Sites ?? [], .. _output.Sites];

    /// <summary>
    /// [B, labels], or [B, T, labels] for token classification. Where the model has a pooler its output is read:
    /// <paramref name="pooled"/> [B, D].
    /// </summary>
    public Tensor Logits(Hidden hidden, Sequences sequences, Tensor? pooled, ForwardContext context)
    {
        using var scope = NewDisposeScope();
        Tensor x = _config.Head.Kind == HeadKind.TokenClassification ? hidden.States : pooled ?? Row(hidden, sequences);
        x = _transform?.Forward(x, context) ?? x;
        return _output.Forward(context.Drop(x, _config.Head.Dropout), context).MoveToOuterDisposeScope();
    }

    /// <summary>The state of each row's first position (a virtual one included, padding not), [B, D].</summary>
    internal static Tensor First(Hidden hidden)
    {
        if (hidden.Prefix is null)
            return hidden.Starts.All(start => start == 0) ? hidden.States.select(1, 0) : Pick(hidden.States, hidden.Starts);
        int front = (int)hidden.Prefix.size(1);
        if (hidden.Virtual.All(count => count == front))
            return hidden.Prefix.select(1, 0);
        using Tensor all = cat([hidden.Prefix, hidden.States], 1); // [B, n + T, D]
        return Pick(all, hidden.Virtual.Zip(hidden.Starts, (count, start) => count > 0 ? front - count : front + start));
    }

    private Tensor Row(Hidden hidden, Sequences sequences)
    {
        if (_config.Head.Mean)
            return Mean(hidden, sequences);
        if (_config.Decoder is null)
            return First(hidden);
        return Pick(hidden.States, sequences.Starts.Zip(sequences.Lengths, (start, length) => start + length - 1));
    }

    /// <summary>The mean of each row's states, virtual tokens' included and padding's not, [B, D].</summary>
    internal static Tensor Mean(Hidden hidden, Sequences sequences)
    {
        using var scope = NewDisposeScope();
        Tensor all = hidden.Prefix is null ? hidden.States : cat([hidden.Prefix, hidden.States], 1); // [B, n + T, D]
        int front = (int)(hidden.Prefix?.size(1) ?? 0), width = (int)all.size(1);
        float[] shares = new float[sequences.Count * width];
        for (int r = 0; r < sequences.Count; r++)
        {
            float share = 1f / (hidden.Virtual[r] + sequences.Lengths[r]);
            shares.AsSpan((r * width) + front - hidden.Virtual[r], hidden.Virtual[r]).Fill(share);
            shares.AsSpan((r * width) + front + sequences.Starts[r], sequences.Lengths[r]).Fill(share);
        }

        Tensor weights = tensor(shares, [sequences.Count, 1, width], device: all.device).to(all.dtype);
        return weights.bmm(all).squeeze(1).MoveToOuterDisposeScope(); // [B, 1, n + T] · [B, n + T, D] → [B, D]
    }

    // states [B, T, D] → [B·T, D] → one column of each row, [B, D]
    private static Tensor Pick(Tensor states, IEnumerable<int> columns)
    {
        long width = states.size(1);
        using Tensor index = tensor(columns.Select((column, r) => (r * width) + column).ToArray(), ScalarType.Int64, states.device);
        using Tensor flat = states.reshape(-1, states.size(2));
        return flat.index_select(0, index);
    }
}
