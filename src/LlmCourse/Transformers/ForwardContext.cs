using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// What one forward pass needs beyond its batch. It is passed down, never stored: two passes with different contexts may run
/// at once over the same weights.
/// </summary>
public sealed record ForwardContext
{
    /// <summary>Plain evaluation: no dropout, nothing captured.</summary>
    public static ForwardContext Evaluation { get; } = new();

    /// <summary>Where dropout masks come from; null is evaluation.</summary>
    public DropoutMasks? Dropout { get; init; }

    /// <summary>Whether the base's weights are constants here, whatever their requires_grad says.</summary>
    public bool FreezeBase { get; init; }

    /// <summary>Whether each block's activations are computed again when the backward pass needs them, instead of kept.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Whether the result carries the hidden states behind the embeddings and each block.</summary>
    public bool CaptureHiddenStates { get; init; }

    /// <summary>Whether the result carries the attention weights of each block.</summary>
    public bool CaptureAttentions { get; init; }

    internal IAdapter? Adapter { get; init; }

    /// <summary>The soft prompts in front of the rows.</summary>
    internal VirtualTokens? Virtual { get; init; }

    internal KeyValueCache? Cache { get; init; }

    /// <summary>Where the graph is cut between blocks; null for a graph in one piece, which a loss needs that reads captured attentions.</summary>
    internal GraphCuts? Cuts { get; init; }

    /// <summary>Whether weights are multiplied as constants: inference, or a frozen base.</summary>
    internal bool UsesConstants => FreezeBase || !is_grad_enabled();

    /// <summary>x with a share dropped while training, else x itself.</summary>
    internal Tensor Drop(Tensor x, double share) => Dropout is { } masks && share > 0 ? masks.Apply(x, share) : x;
}
