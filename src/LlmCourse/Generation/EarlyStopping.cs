namespace LlmCourse.Generation;

/// <summary>When a beam search is over, in the words of transformers' <c>early_stopping</c>.</summary>
public enum EarlyStopping
{
    /// <summary>
    /// When the best running beam, at the score it has at its present length, would not be among the finished ones. An estimate: with a
    /// positive length penalty a longer text could still have come out better.
    /// </summary>
    False,

    /// <summary>As soon as there are as many finished texts as beams.</summary>
    True,

    /// <summary>Only when no running beam can become better than the worst finished one, whatever its length.</summary>
    Never,
}
