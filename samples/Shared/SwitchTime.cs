using System.Diagnostics;

namespace Shared;

/// <summary>How long <c>llm.With(name)</c> takes.</summary>
internal static class SwitchTime
{
    private const int Times = 10_001;

    /// <summary>The median of many.</summary>
    public static TimeSpan Median(Llm llm, string adapter)
    {
        long[] ticks = new long[Times];
        for (int i = 0; i < Times; i++)
        {
            long start = Stopwatch.GetTimestamp();
            _ = llm.With(adapter);
            ticks[i] = Stopwatch.GetTimestamp() - start;
        }

        Array.Sort(ticks);
        return Stopwatch.GetElapsedTime(0, ticks[Times / 2]);
    }
}
