using Spectre.Console;

namespace Pronunciation;

/// <summary>Shows how far a training is: a bar in a terminal, a line for each tenth elsewhere.</summary>
internal static class TrainingDisplay
{
    public static T Show<T>(string name, int steps, Func<IProgress<TrainingProgress>, T> train)
    {
        if (!AnsiConsole.Profile.Capabilities.Ansi)
            return train(new Tenths(name, steps));
        return AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(display => train(new Bar(display.AddTask(Markup.Escape(name), maxValue: steps), name)));
    }

    private static string Status(TrainingProgress done) =>
        $"step {done.Step:N0}, loss {done.SmoothedLoss:0.0000}, learning rate {done.LearningRate:0.000000}, {done.TokensPerSecond:N0} tokens/s";

    private sealed class Bar(ProgressTask bar, string name) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            bar.Value = value.Step;
            bar.Description = Markup.Escape($"{name}: {Status(value)}");
        }
    }

    private sealed class Tenths(string name, int steps) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step % Math.Max(steps / 10, 1) == 0)
                Console.WriteLine($"{name}: {Status(value)}, {value.Elapsed.TotalMinutes:0.0} min");
        }
    }
}
