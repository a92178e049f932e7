namespace LlmCourse.Evaluation;

/// <summary>What BLEU does about n-grams without a match, whose logarithm does not exist (Chen and Cherry, 2014).</summary>
public enum BleuSmoothing
{
    /// <summary>The k-th order without a match counts 1 / 2^k of one; their method 3, the rule of mteval.</summary>
    Exponential,

    /// <summary>No match counts a little, 0.1 unless <see cref="BleuOptions.SmoothingValue"/> says otherwise; method 1.</summary>
    Floor,

    /// <summary>Matches and n-grams longer than a word count 1 more, or <see cref="BleuOptions.SmoothingValue"/>; method 2.</summary>
    AddK,

    /// <summary>None: one order without a match makes the score practically 0.</summary>
    None,
}
