namespace LlmCourse.Evaluation;

/// <summary>What the log-likelihood of an answer is divided by, so that a long one is not punished for its length.</summary>
public enum ChoiceNormalization
{
    /// <summary>Nothing: right for answers of one token, such as letters. "acc" of the lm-evaluation-harness.</summary>
    None,

    /// <summary>Its characters (Unicode code points): "acc_norm" as the harness's code has it.</summary>
    Characters,

    /// <summary>Its UTF-8 bytes: "acc_norm" as its paper has it.</summary>
    Bytes,

    /// <summary>Its tokens, as in the paper of GPT-3.</summary>
    Tokens,
}
