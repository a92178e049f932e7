namespace LlmCourse.Adapters;

/// <summary>What the virtual tokens of prompt tuning are before they are trained.</summary>
public enum PromptInitialization
{
    /// <summary>Numbers of a standard normal distribution.</summary>
    Random,

    /// <summary>The embeddings of tokens drawn from the whole vocabulary.</summary>
    Vocabulary,

    /// <summary>The embeddings of a text's tokens, repeated or cut until there are enough.</summary>
    Text,
}
