using LlmCourse.Runtime;

namespace LlmCourse.Training;

/// <summary>Training cannot go on: a loss or gradient is not a number, or a checkpoint cannot be written or read.</summary>
public sealed class TrainingException : LlmException
{
    internal TrainingException(long step, string problem, string? lastCheckpoint, Exception? innerException = null)
        : base(
            $"Step {step}: {problem} " + (lastCheckpoint is null ? "There is no checkpoint." : $"The last good checkpoint is {lastCheckpoint}."),
            innerException) => (Step, LastCheckpoint) = (step, lastCheckpoint);

    /// <summary>The step it happened in, from 1; the weights are as the step before left them, unless the message says that some have had this one.</summary>
    public long Step { get; }

    /// <summary>The folder of the last whole checkpoint, or null.</summary>
    public string? LastCheckpoint { get; }
}
