using System.Collections.Concurrent;
using System.Diagnostics;

namespace LlmCourse.Runtime;

/// <summary>Adds up the time of kernels by name, for a profile.</summary>
internal sealed class OperatorClock
{
    private readonly ConcurrentDictionary<string, (long Ticks, long Calls)> _spent = new(StringComparer.Ordinal);

    public T Time<T>(string name, Func<T> kernel)
    {
        long start = Stopwatch.GetTimestamp();
        T result = kernel();
        long ticks = Stopwatch.GetTimestamp() - start;
        _spent.AddOrUpdate(name, (ticks, 1), (_, known) => (known.Ticks + ticks, known.Calls + 1));
        return result;
    }

    public IEnumerable<(string Name, double Milliseconds, long Calls)> Read() => _spent
        .Select(entry => (entry.Key, entry.Value.Ticks * 1e3 / Stopwatch.Frequency, entry.Value.Calls))
        .OrderByDescending(entry => entry.Item2);
}
