using System.Diagnostics;

namespace Pronunciation;

/// <summary>Time spent: by the clock, and by the processor's cores together, which says more on a machine that others use.</summary>
/// <param name="Clock">By the clock.</param>
/// <param name="Cores">By all cores together.</param>
internal readonly record struct Effort(TimeSpan Clock, TimeSpan Cores)
{
    public static Effort operator -(Effort left, Effort right) => new(left.Clock - right.Clock, left.Cores - right.Cores);

    public static Effort operator +(Effort left, Effort right) => new(left.Clock + right.Clock, left.Cores + right.Cores);

    /// <summary>Since the process began.</summary>
    public static Effort Now()
    {
        using Process process = Process.GetCurrentProcess();
        return new(DateTime.Now - process.StartTime, process.TotalProcessorTime);
    }

    public override string ToString() => $"{Clock.TotalMinutes:0.0} min, {Cores.TotalMinutes:0.0} core-min";
}
