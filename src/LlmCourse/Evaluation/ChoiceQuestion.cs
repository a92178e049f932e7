using System.Text;

namespace LlmCourse.Evaluation;

/// <summary>A multiple-choice question as a model reads it.</summary>
/// <param name="Context">Everything before the answer.</param>
/// <param name="Options">The possible answers, without the blank that joins them to the context.</param>
/// <param name="Answer">The place of the right one, from 0.</param>
public sealed record ChoiceQuestion(string Context, IReadOnlyList<string> Options, int Answer)
{
    /// <summary>What it is about, for the report; null for none.</summary>
    public string? Subject { get; init; }

    /// <summary>
    /// A question with lettered choices, whose answer is a letter, as in MMLU (Hendrycks et al., "Measuring massive multitask
    /// language understanding", 2021):
    /// <code>
    /// What is two and two?
    /// A. 3
    /// B. 4
    /// Answer:
    /// </code>
    /// </summary>
    /// <param name="question">The question.</param>
    /// <param name="choices">What can be chosen, 1 to 26.</param>
    /// <param name="answer">The place of the right one, from 0.</param>
    /// <exception cref="ArgumentException">There are no choices, or too many for letters, or the answer is none of them.</exception>
    public static ChoiceQuestion Lettered(string question, IReadOnlyList<string> choices, int answer)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(choices);
        if (choices.Count is < 1 or > 26)
            throw new ArgumentException($"1 to 26 choices have letters, found {choices.Count}.", nameof(choices));
        StringBuilder context = new(question.Trim());
        string[] letters = [.. Enumerable.Range(0, choices.Count).Select(i => ((char)('A' + i)).ToString())];
        for (int i = 0; i < letters.Length; i++)
            context.Append('\n').Append(letters[i]).Append(". ").Append(choices[i]);
        return new ChoiceQuestion(context.Append("\nAnswer:").ToString(), letters, answer).Validate();
    }

    /// <summary>The same question behind others with their answers (few-shot).</summary>
    /// <param name="shots">Questions whose answers are shown.</param>
    /// <param name="header">What stands before all of them.</param>
    public ChoiceQuestion WithShots(IEnumerable<ChoiceQuestion> shots, string header = "")
    {
        ArgumentNullException.ThrowIfNull(shots);
        IEnumerable<string> shown = shots.Select(shot => shot.Validate()).Select(shot => $"{shot.Context} {shot.Options[shot.Answer]}\n\n");
        return this with { Context = header + string.Concat(shown) + Context };
    }

    internal ChoiceQuestion Validate()
    {
        ArgumentNullException.ThrowIfNull(Context);
        ArgumentNullException.ThrowIfNull(Options);
        Inputs.RequireNoNull(Options, nameof(Options));
        if (Answer < 0 || Answer >= Options.Count)
            throw new ArgumentOutOfRangeException(nameof(Answer), Answer, $"{nameof(Answer)} must be the place of one of the {Options.Count} options, from 0.");
        return this;
    }
}
