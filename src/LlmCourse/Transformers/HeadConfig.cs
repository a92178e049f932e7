namespace LlmCourse.Transformers;

/// <summary>What reads the hidden states, and how.</summary>
public sealed record HeadConfig
{
    /// <summary>What the head predicts.</summary>
    public HeadKind Kind { get; init; }

    /// <summary>Language models: whether the output matrix is the token embedding.</summary>
    public bool Tied { get; init; }

    /// <summary>Whether the output layer has a bias.</summary>
    public bool Bias { get; init; }

    /// <summary>Whether that bias is a constant of the checkpoint which is not trained (BART's final_logits_bias).</summary>
    public bool FrozenBias { get; init; }

    /// <summary>What hidden states are multiplied by before a tied output matrix (T5 v1.0: D^−½).</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Logits become cap · tanh(logit / cap), or stay where null.</summary>
    public double? Softcap { get; init; }

    /// <summary>A dense layer of the head's own with this activation precedes the output; null for none.</summary>
    public Activation? Transform { get; init; }

    /// <summary>Whether that layer has a bias.</summary>
    public bool TransformBias { get; init; } = true;

    /// <summary>Whether a norm, as the stack's, follows the activation (masked language models).</summary>
    public bool TransformNorm { get; init; }

    /// <summary>Classification: dropout in front of that layer.</summary>
    public double TransformDropout { get; init; }

    /// <summary>Classification: the number of labels.</summary>
    public int Labels { get; init; }

    /// <summary>Sequence classification by an encoder: whether the mean of a row's states is read, not the first.</summary>
    public bool Mean { get; init; }

    /// <summary>Dropout in front of the output layer.</summary>
    public double Dropout { get; init; }

    /// <summary>Sequence classification: how labels are compared.</summary>
    public ProblemType? Problem { get; init; }

    /// <summary>The names of the labels, in the order of their ids; empty where there are none.</summary>
    public IReadOnlyList<string> LabelNames { get; init; } = [];
}
