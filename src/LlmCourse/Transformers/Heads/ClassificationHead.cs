using LlmCourse.Data;
using LlmCourse.Transformers.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers.Heads;

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

    /// <summary>
    /// [B, labels], or [B, T, labels] for token classification. Where the model has a pooler its output is read:
    /// <paramref name="pooled"/> [B, D].
    /// </summary>
    public Tensor Logits(Hidden hidden, Sequences sequences, Tensor? pooled, ForwardContext context)
    {
        using var scope = NewDisposeScope();
        Tensor x = _config.Head.Kind == HeadKind.TokenClassification ? hidden.States : pooled ?? Row(hidden, sequences);
        if (_dense is not null)
            x = _dense.Forward(Drop(x, context), context).tanh();
        return _output.Forward(Drop(x, context), context).MoveToOuterDisposeScope();
    }

    /// <summary>The state that stands for each row: its first position (a virtual one included), or a decoder's last real token. [B, D].</summary>
    internal static Tensor First(Hidden hidden) => (hidden.Prefix ?? hidden.States).select(1, 0);

    private Tensor Row(Hidden hidden, Sequences sequences)
    {
        if (_config.Decoder is null)
            return First(hidden);
        // [B, T, D] → [B·T, D], then one row each
        long width = hidden.States.size(1);
        long[] last = [.. Enumerable.Range(0, sequences.Count).Select(r => (r * width) + sequences.Starts[r] + sequences.Lengths[r] - 1)];
        Tensor index = tensor(last, ScalarType.Int64, hidden.States.device);
        return hidden.States.reshape(-1, hidden.States.size(2)).index_select(0, index);
    }

    private Tensor Drop(Tensor x, ForwardContext context) =>
        context.Dropout is { } dropout && _config.Head.Dropout > 0 ? dropout.Apply(x, _config.Head.Dropout) : x;
}
