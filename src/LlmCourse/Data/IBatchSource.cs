using System.Text.Json;

namespace LlmCourse.Data;

/// <summary>
/// Where a training loop gets its batches: a data set, or a model's own completions. Not thread-safe; it may prepare what
/// comes next in the background.
/// </summary>
/// <typeparam name="TBatch">What one forward and backward pass reads. The caller owns each batch.</typeparam>
public interface IBatchSource<TBatch> : IDisposable
    where TBatch : class, IDisposable
{
    /// <summary>The next batch, or null where an epoch has ended; the call after that begins the next one.</summary>
    /// <param name="cancellationToken">Ends the wait for a batch.</param>
    public TBatch? Read(CancellationToken cancellationToken);

    /// <summary>How many batches an epoch has (epochs are counted from 0), or null where nobody can know.</summary>
    public int? CountBatches(int epoch);

    /// <summary>Where the next batch stands, for <see cref="Restore"/>.</summary>
    public JsonElement Save();

    /// <summary>Goes to where <see cref="Save"/> was called, in this process or another one.</summary>
    public void Restore(JsonElement state);
}
