using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// The hidden states of a forward pass: on the batch's own positions, with those of virtual tokens beside them. Heads read
/// it; one pass may serve several. It owns its tensors.
/// </summary>
public sealed class Hidden : IDisposable
{
    internal Hidden(Stack.Output output, int prefix, IReadOnlyList<int> starts)
    {
        Starts = starts;
        (States, Prefix) = Cut(output.States, prefix);
        output.States.Dispose();
        HiddenStates = output.HiddenStates is null ? [] : [.. output.HiddenStates.Select(full =>
        {
            using (full)
            {
                (Tensor own, Tensor? front) = Cut(full, prefix);
                front?.Dispose();
                return own.DetachFromDisposeScope();
            }
        })];
        Attentions = output.Attentions ?? [];
        CrossAttentions = output.CrossAttentions ?? [];
    }

    /// <summary>The last hidden states, [B, T, D].</summary>
    public Tensor States { get; }

    /// <summary>Those of the virtual tokens in front, [B, n, D], or null where there are none.</summary>
    public Tensor? Prefix { get; }

    /// <summary>Where captured: behind the embeddings and behind each block, the last behind the final norm; each [B, T, D].</summary>
    public IReadOnlyList<Tensor> HiddenStates { get; }

    /// <summary>Where captured: the self-attention weights of each block, [B, H, n + T, n + S].</summary>
    public IReadOnlyList<Tensor> Attentions { get; }

    /// <summary>Where captured: the cross-attention weights of each block, [B, H, T, n + S].</summary>
    public IReadOnlyList<Tensor> CrossAttentions { get; }

    /// <summary>For each row the column of its first real token.</summary>
    internal IReadOnlyList<int> Starts { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        States.Dispose();
        Prefix?.Dispose();
        foreach (Tensor tensor in HiddenStates.Concat(Attentions).Concat(CrossAttentions))
            tensor.Dispose();
    }

    // [B, n + T, D] → [B, T, D] and [B, n, D]
    private static (Tensor Own, Tensor? Prefix) Cut(Tensor full, int prefix) => prefix == 0
        ? (full.alias(), null)
        : (full.narrow(1, prefix, full.size(1) - prefix), full.narrow(1, 0, prefix));
}
