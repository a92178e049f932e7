namespace LlmCourse.Checkpoints.Hub;

/// <summary>Adds up what downloads report that go on at once. It tells of one at a time, so the sums come in order.</summary>
internal sealed class HubProgress(IProgress<LoadProgress> progress, IReadOnlyList<HubFile> files)
{
    private readonly long[] _received = new long[files.Count];
    private readonly long _total = files.Sum(file => file.Bytes);
    private readonly Lock _gate = new();
    private long _sum;

    /// <param name="file">Which of the files.</param>
    /// <param name="bytes">How many bytes of it are there.</param>
    public void Report(int file, long bytes)
    {
        lock (_gate)
        {
            _sum += bytes - _received[file];
            _received[file] = bytes;
            progress.Report(new LoadProgress(_sum, _total) { IsDownload = true });
        }
    }
}
