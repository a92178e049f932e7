using Microsoft.Extensions.Logging;

namespace LlmCourse.Training;

/// <summary>What a run says to a logger.</summary>
internal sealed partial class TrainingEvents(ILogger logger)
{
    private readonly ILogger _logger = logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Training begins behind step {Step}, of {Total} in all")]
    public partial void Began(long step, long? total);

    [LoggerMessage(Level = LogLevel.Information, Message = "Goes on from {Checkpoint}, step {Step}")]
    public partial void Resumed(string checkpoint, long step);

    [LoggerMessage(Level = LogLevel.Information, Message = "Step {Step}: validation {Metric} is {Value}, the best so far: {Improved}")]
    public partial void Validated(long step, string metric, double value, bool improved);

    [LoggerMessage(Level = LogLevel.Information, Message = "Wrote {Checkpoint}")]
    public partial void Wrote(string checkpoint);

    [LoggerMessage(Level = LogLevel.Information, Message = "Training ended behind step {Step}: {Reason}")]
    public partial void Ended(long step, StopReason reason);
}
