using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// The hidden states of a forward pass: on the batch's own positions, with those of virtual tokens beside them. Heads read
/// it; one pass may serve several. It owns its tensors.
/// </summary>
public sealed class Hidden : IDisposable
{
    internal Hidden(Stack.Output output, Columns columns)
    {
        Starts = columns.Sequences.Starts;
        Virtual = columns.Virtual;
        (States, Prefix) = columns.Cut(output.States);
        output.States.Dispose();
        HiddenStates = output.HiddenStates is null ? [] : [.. output.HiddenStates.Select(full =>
        {
            using (full)
            {
                (Tensor own, Tensor? front) = columns.Cut(full);
                front?.Dispose();
                return own.DetachFromDisposeScope();
            }
        })];
        Attentions = output.Attentions ?? [];
        CrossAttentions = output.CrossAttentions ?? [];
    }

    private Hidden(Tensor states, Hidden whole)
    {
        States = states;
        Prefix = whole.Prefix?.alias();
        Starts = new int[whole.Starts.Count];
        Virtual = whole.Virtual;
        HiddenStates = Attentions = CrossAttentions = [];
    }

    /// <summary>
    /// Of rows that start in column 0 the last states alone, [B, T, D]: <paramref name="counts"/> of a row of <paramref name="lengths"/>,
    /// padded on the right. What was captured is not taken along.
    /// </summary>
    internal Hidden Last(IReadOnlyList<int> lengths, IReadOnlyList<int> counts, int width)
    {
        // [B, S, D] → [B·S, D] → [B·T, D] → [B, T, D]
        long all = States.size(1);
        long[] index = new long[lengths.Count * width];
        for (int i = 0; i < index.Length; i++)
        {
            int row = i / width;
            index[i] = (row * all) + Math.Min(lengths[row] - counts[row] + (i % width), all - 1);
        }

        using Tensor flat = States.reshape(-1, States.size(2)), rows = tensor(index, ScalarType.Int64, States.device), picked = flat.index_select(0, rows);
        return new Hidden(picked.view(lengths.Count, width, States.size(2)), this);
    }

    /// <summary>The last hidden states, [B, T, D].</summary>
    public Tensor States { get; }

    /// <summary>
    /// Those of the virtual tokens in front, [B, n, D], or null where there are none. Where rows have different numbers, n is the
    /// largest, and a row with fewer fills the last columns.
    /// </summary>
    public Tensor? Prefix { get; }

    /// <summary>Where captured: behind the embeddings and behind each block, the last behind the final norm; each [B, T, D].</summary>
    public IReadOnlyList<Tensor> HiddenStates { get; }

    /// <summary>
    /// Where captured: the self-attention weights of each block, [B, H, n + T, n + S]. Where rows have different numbers of virtual
    /// tokens, or virtual tokens and padding on the left, a row's tokens are packed to the left, virtual ones first.
    /// </summary>
    public IReadOnlyList<Tensor> Attentions { get; }

    /// <summary>Where captured: the cross-attention weights of each block, [B, H, T, n + S].</summary>
    public IReadOnlyList<Tensor> CrossAttentions { get; }

    /// <summary>For each row the column of its first real token.</summary>
    internal IReadOnlyList<int> Starts { get; }

    /// <summary>For each row the number of its virtual tokens in <see cref="Prefix"/>.</summary>
    internal IReadOnlyList<int> Virtual { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        States.Dispose();
        Prefix?.Dispose();
        foreach (Tensor tensor in HiddenStates.Concat(Attentions).Concat(CrossAttentions))
            tensor.Dispose();
    }
}
