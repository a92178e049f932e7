namespace LlmCourse.Lifecycle;

/// <summary>What memory is planned for.</summary>
public enum MemoryUse
{
    /// <summary>Generating: weights, and the keys and values of what was read.</summary>
    Inference,

    /// <summary>Training every weight.</summary>
    FullFineTuning,

    /// <summary>Training a LoRA adapter over weights that stay as they are.</summary>
    Lora,

    /// <summary>Training virtual tokens in front of the text over weights that stay as they are.</summary>
    PromptTuning,
}
