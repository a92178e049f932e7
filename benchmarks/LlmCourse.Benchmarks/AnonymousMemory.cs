using System.Globalization;

namespace LlmCourse.Benchmarks;

/// <summary>
/// Watches the resident memory of this process that no file stands behind (Linux: RssAnon, every few milliseconds), in bytes above
/// what there was at the beginning.
/// </summary>
internal sealed class AnonymousMemory : IDisposable
{
    private readonly Thread _watcher;
    private readonly long _before = Now();
    private volatile bool _done;
    private long _most;

    public AnonymousMemory()
    {
        _watcher = new Thread(() =>
        {
            while (!_done)
            {
                _most = Math.Max(_most, Now());
                Thread.Sleep(2);
            }
        });
        _watcher.Start();
    }

    /// <summary>The most so far.</summary>
    public long Peak => Math.Max(_most, Now()) - _before;

    public void Dispose()
    {
        _done = true;
        _watcher.Join();
    }

    private static long Now() => 1024 * long.Parse(
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith("RssAnon:", StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
