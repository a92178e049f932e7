using System.Text;

namespace LlmCourse.Evaluation;

/// <summary>
/// Multiple choice by likelihood (as MMLU and its relatives are scored): the model's answer is the one it finds most likely after
/// the question, whether it would write it or not.
/// </summary>
/// <remarks>Compare the choices with the right ones by <see cref="Classification.Accuracy"/>.</remarks>
public static class MultipleChoice
{
    /// <summary>Which answer the model prefers.</summary>
    /// <param name="choices">Every answer with its log-likelihood.</param>
    /// <param name="normalization">What log-likelihoods are divided by.</param>
    /// <returns>Its place in the list; the first of equal ones.</returns>
    /// <exception cref="ArgumentException">There are no choices, a log-likelihood is not a number or positive, or one has nothing to divide by.</exception>
    public static int Best(IReadOnlyList<ScoredChoice> choices, ChoiceNormalization normalization = ChoiceNormalization.None)
    {
        ArgumentNullException.ThrowIfNull(choices);
        if (choices.Count == 0)
            throw new ArgumentException("There are no choices.", nameof(choices));
        int best = 0;
        for (int i = 0; i < choices.Count; i++)
        {
            if (Score(choices[i], normalization) > Score(choices[best], normalization))
                best = i;
        }

        return best;
    }

    /// <summary>The figure that answers are compared by.</summary>
    /// <param name="choice">An answer with its log-likelihood.</param>
    /// <param name="normalization">What the log-likelihood is divided by.</param>
    /// <returns>0 or less; the higher the likelier.</returns>
    /// <exception cref="ArgumentException">The log-likelihood is not a number or positive, or there is nothing to divide by.</exception>
    public static double Score(ScoredChoice choice, ChoiceNormalization normalization)
    {
        if (!(choice.LogLikelihood <= 0))
            throw new ArgumentException($"The log-likelihood of '{choice.Text}' is {choice.LogLikelihood}: it must be 0 or less.", nameof(choice));
        int length = normalization switch
        {
            ChoiceNormalization.None => 1,
            ChoiceNormalization.Characters => choice.Text.EnumerateRunes().Count(),
            ChoiceNormalization.Bytes => Encoding.UTF8.GetByteCount(choice.Text),
            ChoiceNormalization.Tokens => choice.Tokens,
            _ => throw new ArgumentOutOfRangeException(nameof(normalization), normalization, $"None of {nameof(ChoiceNormalization)}."),
        };
        return length > 0
            ? choice.LogLikelihood / length
            : throw new ArgumentException($"The choice '{choice.Text}' has no {normalization} to divide by.", nameof(choice));
    }
}
