namespace LlmCourse.Evaluation;

/// <summary>What training did to a task.</summary>
public enum TaskVerdict
{
    /// <summary>The interval of the difference contains 0: no more than noise.</summary>
    Unchanged,

    /// <summary>The whole interval is on the worse side.</summary>
    Lost,

    /// <summary>The whole interval is on the better side.</summary>
    Gained,
}
