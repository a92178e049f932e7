using Spectre.Console;

namespace Shared;

/// <summary>Loads a model and shows how far it is: a bar in a terminal, a line for each quarter elsewhere.</summary>
internal static class LoadingDisplay
{
    public static Llm Load(string model, CancellationToken stop, LoadOptions? options = null) =>
        Show(progress => Llm.Load(model, options, progress, stop));

    /// <summary>Loads whatever reports how far it is.</summary>
    public static T Show<T>(Func<IProgress<LoadProgress>, T> load)
    {
        if (!AnsiConsole.Profile.Capabilities.Ansi)
            return load(new Quarters());
        return AnsiConsole.Progress().Start(display => load(new Bar(display.AddTask("Loading", maxValue: 1))));
    }

    private sealed class Bar(ProgressTask bar) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => bar.Value = value.Fraction;
    }

    private sealed class Quarters : IProgress<LoadProgress>
    {
        private const long Small = 10_000_000; // bytes: that is there at once

        private int _shown;

        public void Report(LoadProgress value)
        {
            int quarters = (int)(value.Fraction * 4);
            if (quarters == _shown || value.Total < Small)
                return;
            _shown = quarters;
            Console.WriteLine($"Loading: {25 * quarters} % of {value.Total / 1e6:N0} MB");
        }
    }
}
