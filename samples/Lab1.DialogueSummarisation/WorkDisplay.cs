using System.Diagnostics;
using Spectre.Console;

namespace Lab1.DialogueSummarisation;

/// <summary>Shows how far a long piece of work is: a bar in a terminal, a line for each tenth elsewhere.</summary>
internal static class WorkDisplay
{
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

        int done = 0, shown = 0;
        Stopwatch clock = Stopwatch.StartNew();
        work(more =>
        {
            done += more;
            if (10 * done / total == shown)
                return;
            shown = 10 * done / total;
            Console.WriteLine($"{name}: {done} of {total}, {clock.Elapsed.TotalSeconds:0} s");
        });
    }
}
