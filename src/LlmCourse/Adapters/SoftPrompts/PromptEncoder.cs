namespace LlmCourse.Adapters;

/// <summary>The small network that makes the virtual tokens of P-tuning.</summary>
public enum PromptEncoder
{
    /// <summary>Three linear layers with ReLU between them, for each token alone.</summary>
    Mlp,

    /// <summary>A bidirectional LSTM over the tokens, and two linear layers behind it.</summary>
    Lstm,
}
