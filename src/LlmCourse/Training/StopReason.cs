namespace LlmCourse.Training;

/// <summary>Why training ended.</summary>
public enum StopReason
{
    /// <summary>All epochs are through.</summary>
    Epochs,

    /// <summary><see cref="TrainingOptions.MaxSteps"/> is reached.</summary>
    Steps,

    /// <summary><see cref="TrainingOptions.MaxTokens"/> is reached.</summary>
    Tokens,

    /// <summary><see cref="TrainingOptions.MaxTime"/> is over.</summary>
    Time,

    /// <summary>Validation has not improved for <see cref="ValidationOptions.Patience"/> times.</summary>
    NoImprovement,
}
