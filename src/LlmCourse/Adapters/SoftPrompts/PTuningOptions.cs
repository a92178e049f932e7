using LlmCourse.Transformers;

namespace LlmCourse.Adapters;

/// <summary>
/// P-tuning (Liu et al. 2021, "GPT understands, too"): embeddings in front of the text which a small network makes from others; both
/// are trained. The network is gone when training is over: files hold the embeddings.
/// </summary>
public sealed record PTuningOptions
{
    /// <summary>The number of virtual tokens.</summary>
    public int VirtualTokens { get; init; } = 20;

    /// <summary>The network.</summary>
    public PromptEncoder Encoder { get; init; }

    /// <summary>The network's inner width; unset: the model's width.</summary>
    public int? HiddenWidth { get; init; }

    /// <summary>The layers of <see cref="PromptEncoder.Lstm"/>.</summary>
    public int LstmLayers { get; init; } = 2;

    /// <summary>Decides what is drawn at random.</summary>
    public long Seed { get; init; }

    internal PTuningOptions Validate()
    {
        TransformerConfig.Positive(VirtualTokens, nameof(VirtualTokens));
        TransformerConfig.Positive(LstmLayers, nameof(LstmLayers));
        if (!Enum.IsDefined(Encoder))
            throw new ArgumentException($"{nameof(Encoder)} {Encoder} is neither Mlp nor Lstm.");
        if (HiddenWidth is { } width)
            TransformerConfig.Positive(width, nameof(HiddenWidth));
        return this;
    }
}
