using LlmCourse.Transformers;

namespace LlmCourse.Adapters;

/// <summary>
/// Prompt tuning (Lester et al. 2021, "The power of scale for parameter-efficient prompt tuning"): embeddings in front of the text are
/// all that is trained. In an encoder–decoder the encoder reads them.
/// </summary>
public sealed record PromptTuningOptions
{
    /// <summary>The number of virtual tokens; 20 to 100 are common.</summary>
    public int VirtualTokens { get; init; } = 20;

    /// <summary>What they are before training.</summary>
    public PromptInitialization Initialization { get; init; }

    /// <summary>The text of <see cref="PromptInitialization.Text"/>, best one that describes the task.</summary>
    public string? Text { get; init; }

    /// <summary>Decides what is drawn at random.</summary>
    public long Seed { get; init; }

    internal PromptTuningOptions Validate()
    {
        TransformerConfig.Positive(VirtualTokens, nameof(VirtualTokens));
        if (!Enum.IsDefined(Initialization))
            throw new ArgumentException($"{nameof(Initialization)} {Initialization} is none of Random, Vocabulary and Text.");
        if ((Initialization == PromptInitialization.Text) != (Text is not null))
            throw new ArgumentException($"{nameof(Text)} is needed exactly where {nameof(Initialization)} is Text; here it is {Initialization}.");
        return this;
    }
}
