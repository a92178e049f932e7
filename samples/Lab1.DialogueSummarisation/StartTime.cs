using System.Diagnostics;

namespace Lab1.DialogueSummarisation;

/// <summary>How long it takes from the start of the process to the first token of an answer.</summary>
internal sealed class StartTime
{
    private readonly DateTime _start = Process.GetCurrentProcess().StartTime;
    private readonly List<string> _marks = [];
    private bool _written;

    /// <summary>Says when something is done, in seconds since the start, and how long the processor has worked on it.</summary>
    public void Mark(string done) =>
        _marks.Add($"{done} {(DateTime.Now - _start).TotalSeconds:0.00} s ({Environment.CpuUsage.TotalTime.TotalSeconds:0.00} s of processor time)");

    /// <summary>The same options, and the first token is marked.</summary>
    public GenerationOptions Watch(GenerationOptions options) => options with
    {
        StopWhen = _ =>
        {
            if (!_written)
                Mark("first token");
            _written = true;
            return false;
        },
    };

    public override string ToString() => $"From the start of the process: {string.Join(", ", _marks)}.";
}
