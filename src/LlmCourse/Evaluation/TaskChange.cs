namespace LlmCourse.Evaluation;

/// <summary>One task of a suite, measured before and after training on the same examples.</summary>
/// <param name="Task">Its name.</param>
/// <param name="Change">Before as the baseline, after as the candidate.</param>
/// <param name="LowerIsBetter">For perplexities and error rates.</param>
public sealed record TaskChange(string Task, PairedComparison Change, bool LowerIsBetter = false)
{
    /// <summary>Whether the task lost or gained more than noise: its interval leaves 0 out.</summary>
    public TaskVerdict Verdict =>
        Change.Difference.Low > 0 ? (LowerIsBetter ? TaskVerdict.Lost : TaskVerdict.Gained)
        : Change.Difference.High < 0 ? (LowerIsBetter ? TaskVerdict.Gained : TaskVerdict.Lost)
        : TaskVerdict.Unchanged;
}
