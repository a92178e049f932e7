using System.Diagnostics;
using Spectre.Console;

namespace Shared;

/// <summary>Shows a training run: a curve that grows in a terminal, twenty lines elsewhere.</summary>
internal static class TrainingDisplay
{
    /// <summary>Runs and shows.</summary>
    /// <param name="train">The run, which reports to what it is given.</param>
    public static TrainingResult Show(Func<IProgress<TrainingProgress>, TrainingResult> train) => AnsiConsole.Profile.Capabilities.Ansi
        ? AnsiConsole.Live(new Text("Preparing the data ...")).Start(display => train(new Curve(display)))
        : train(new Lines());

    private static string Line(TrainingProgress now) =>
        $"step {now.Step:N0} of {now.TotalSteps:N0}   loss {now.SmoothedLoss:0.000}   learning rate {now.LearningRate:0.0e+0}   gradient {now.GradientNorm:0.00}   "
        + $"{now.TokensPerSecond:N0} tokens/s   {now.ResidentBytes / 1e6:N0} MB   {now.Elapsed:m\\:ss} and {now.Remaining:m\\:ss} to go"
        + (now.Validation is { } held ? $"   held out: {held["loss"]:0.000}" : "");

    private sealed class Curve(LiveDisplayContext display) : IProgress<TrainingProgress>
    {
        private readonly List<double> _losses = [];
        private readonly Stopwatch _clock = Stopwatch.StartNew();

        public void Report(TrainingProgress value)
        {
            if (value.Step == 1)
                _losses.Clear(); // a second run in the same display
            _losses.Add(value.Loss);
            if (_clock.ElapsedMilliseconds < 200 && value.Step < value.TotalSteps)
                return;
            display.UpdateTarget(new Text($"{LossChart.Of(_losses, value.TotalSteps ?? value.Step)}\n{Line(value)}"));
            _clock.Restart();
        }
    }

    private sealed class Lines : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            long every = Math.Max((value.TotalSteps ?? 20) / 20, 1);
            if (value.Step == 1 || value.Step % every == 0 || value.Validation is not null)
                Console.WriteLine(Line(value));
        }
    }
}
