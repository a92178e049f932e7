namespace LlmCourse.Adapters;

/// <summary>The kinds of adapters.</summary>
public enum AdapterMethod
{
    /// <summary>Low-rank changes of linear maps and embeddings, DoRA and the like included.</summary>
    Lora,

    /// <summary>Low-rank changes whose ranks training chooses (Zhang et al. 2023).</summary>
    AdaLora,

    /// <summary>Learned scales.</summary>
    Ia3,

    /// <summary>Learned embeddings in front of the text.</summary>
    PromptTuning,

    /// <summary>Learned keys and values in front of the text, in every layer.</summary>
    PrefixTuning,

    /// <summary>Learned embeddings in front of the text that a small network makes while training.</summary>
    PTuning,
}
