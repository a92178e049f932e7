namespace LlmCourse.Checkpoints.Hub;

/// <summary>
/// The lock of one blob between processes: an empty file opened by one of them alone. Hugging Face's own client locks the same
/// files in the same way (flock).
/// </summary>
internal sealed class HubLock : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly FileStream _file;

    private HubLock(FileStream file) => _file = file;

    public static async Task<HubLock> TakeAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        while (true)
        {
            try
            {
                return new HubLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException error) when (IsHeldElsewhere(error))
            {
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _file.Dispose();

    // EWOULDBLOCK on Linux and macOS; a sharing or lock violation on Windows.
    private static bool IsHeldElsewhere(IOException error) =>
        error.HResult is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);
}
