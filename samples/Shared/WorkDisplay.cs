using System.Diagnostics;
using Spectre.Console;

namespace Shared;

/// <summary>Shows how far a long piece of work is: a bar in a terminal, a line now and then elsewhere.</summary>
internal static class WorkDisplay
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    public static void Show(string name, int total, Action<Action<int>> work)
    {
        if (AnsiConsole.Profile.Capabilities.Ansi)
        {
            AnsiConsole.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn(), new RemainingTimeColumn())
                .Start(display =>
                {
                    ProgressTask bar = display.AddTask(name, maxValue: total);
                    work(more => bar.Increment(more));
                });
            return;
        }

        int done = 0;
        Stopwatch clock = Stopwatch.StartNew(), silence = Stopwatch.StartNew();
        work(more =>
        {
            done += more;
            if (silence.Elapsed < Silence && done < total)
                return;
            silence.Restart();
            Console.WriteLine($"{name}: {done} of {total}, {clock.Elapsed.TotalSeconds:0} s");
        });
    }
}
