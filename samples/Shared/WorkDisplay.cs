using System.Diagnostics;
using Spectre.Console;

namespace Shared;

/// <summary>Shows how far a measurement is: a bar for each task in a terminal; elsewhere a line now and then, and one at the end.</summary>
internal static class WorkDisplay
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    /// <summary>Measures and shows.</summary>
    /// <param name="name">What is measured.</param>
    /// <param name="measure">The measurement, which reports to what it is given.</param>
    public static T Show<T>(string name, Func<IProgress<EvaluationProgress>, T> measure)
    {
        if (AnsiConsole.Profile.Capabilities.Ansi)
        {
            return AnsiConsole.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn(), new RemainingTimeColumn())
                .Start(display => measure(new Bars(name, display)));
        }

        Stopwatch clock = Stopwatch.StartNew();
        T result = measure(new Lines(name));
        Console.WriteLine($"{name}: measured in {clock.Elapsed.TotalSeconds:0} s");
        return result;
    }

    private static string Title(string name, EvaluationProgress progress) => progress.Task is { } task ? $"{name}, {task}" : name;

    private sealed class Bars(string name, ProgressContext display) : IProgress<EvaluationProgress>
    {
        private readonly Dictionary<string, ProgressTask> _bars = [];

        public void Report(EvaluationProgress value)
        {
            string title = Title(name, value);
            if (!_bars.TryGetValue(title, out ProgressTask? bar))
                _bars[title] = bar = display.AddTask(Markup.Escape(title), maxValue: value.Total);
            bar.Value = value.Done;
        }
    }

    private sealed class Lines(string name) : IProgress<EvaluationProgress>
    {
        private readonly Stopwatch _silence = Stopwatch.StartNew();

        public void Report(EvaluationProgress value)
        {
            if (_silence.Elapsed < Silence)
                return;
            _silence.Restart();
            Console.WriteLine($"{Title(name, value)}: {value.Done} of {value.Total}");
        }
    }
}
