using TorchSharp;
using TorchSharp.Modules;

namespace LlmCourse.Training.Logging;

/// <summary>
/// Event files for TensorBoard, one curve for each number: <c>tensorboard --logdir folder</c>. Values are kept in single precision.
/// Each run writes a file of its own; TensorBoard joins those of one folder.
/// </summary>
public sealed class TensorBoardLog : ITrainingLog
{
    private readonly SummaryWriter _writer;

    /// <summary>Starts a file in a folder, which is made if it is missing.</summary>
    /// <param name="folder">Where the files go.</param>
    public TensorBoardLog(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        _writer = torch.utils.tensorboard.SummaryWriter(folder, createRunName: false);
    }

    /// <inheritdoc/>
    /// <exception cref="OverflowException">The step is above 2³¹ − 1.</exception>
    public void Write(long step, IReadOnlyDictionary<string, double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        int at = checked((int)step);
        foreach ((string name, double value) in values)
            _writer.add_scalar(name, (float)value, at);
    }
}
