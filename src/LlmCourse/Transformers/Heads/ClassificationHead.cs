using LlmCourse.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// Hidden states → logits over labels: of each row (read at the first token, or at the last real one where the model is a
/// decoder) or of each token.
/// </summary>
internal sealed class ClassificationHead
{
    private readonly TransformerConfig _config;
    private readonly Linear? _dense;
    private readonly Linear _output;

    public ClassificationHead(ParameterStore store, TransformerConfig config)
    {
        _config = config;
        if (config.Head.Dense)
            _dense = new Linear(store, config.Width, bias: true, ("head.dense", config.Width));
        _output = new Linear(store, config.Width, config.Head.Bias, ("head.output", config.Head.Labels));
    }

    public IEnumerable<AdapterSite> Sites => [.. _dense?.Sites ?? [], .. _output.Sites];

    /// <summary>
    /// [B, labels], or [B, T, labels] for token classification. Where the model has a pooler its output is read:
    /// <paramref name="pooled"/> [B, D].
    /// </summary>
    public Tensor Logits(Hidden hidden, Sequences sequences, Tensor? pooled, ForwardContext context)
    {
        using var scope = NewDisposeScope();
        Tensor x = _config.Head.Kind == HeadKind.TokenClassification ? hidden.States : pooled ?? Row(hidden, sequences);
        if (_dense is not null)
            x = _dense.Forward(context.Drop(x, _config.Head.Dropout), context).tanh();
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
        if (_config.Decoder is null)
            return First(hidden);
        return Pick(hidden.States, sequences.Starts.Zip(sequences.Lengths, (start, length) => start + length - 1));
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
