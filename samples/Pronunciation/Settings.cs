using System.Globalization;

namespace Pronunciation;

/// <summary>What the command line says.</summary>
internal sealed record Settings
{
    public const string Usage = """
        dotnet run --project samples/Pronunciation -c Release -- tune|scratch|all --model FOLDER --data FOLDER [options]
          tune              fine-tunes the American model on British words, without and with American ones among them
          scratch           trains the same network from nothing on American words
          all               both
          --model FOLDER    a BART that turns letters into sounds: config.json with grapheme_chars and phoneme_chars, weights
          --data FOLDER     us.tsv.gz and gb.tsv.gz: a word and its sounds on each line
          --steps N         of each training (tune 1,000, scratch 6,000)
          --minutes N       ends each training after this time, wherever its schedule is
          --batch N         words of a step (tune 64, scratch 128)
          --rate X          the highest learning rate (tune 0.0005, scratch 0.003)
          --replay X[,X]    shares of American words among the British, each without and with a mark for British (0,0.1,0.3)
          --held-out N      words to be examined on (1500)
          --dropout         with the dropout of the configuration (from nothing: without)
          --threads N       of the processor (all)
          --seed N          of the split, the order and the weights (1)
          --output FOLDER   for tables, figures and models (artifacts/pronunciation)
        """;

    public string Command { get; private init; } = "";

    public string Model { get; private init; } = "";

    public string Data { get; private init; } = "";

    public int? Steps { get; private init; }

    public double? Minutes { get; private init; }

    public int? Batch { get; private init; }

    public double? Rate { get; private init; }

    public IReadOnlyList<double> Replay { get; private init; } = [0, 0.1, 0.3];

    public int HeldOut { get; private init; } = 1500;

    public bool Dropout { get; private init; }

    public int? Threads { get; private init; }

    public int Seed { get; private init; } = 1;

    public string Output { get; private init; } = Path.Combine("artifacts", "pronunciation");

    /// <exception cref="FormatException">An argument is unknown, missing, or has no proper value.</exception>
    public static Settings Parse(string[] arguments)
    {
        Settings settings = new();
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i];
            settings = name switch
            {
                "tune" or "scratch" or "all" => settings with { Command = name },
                "--model" => settings with { Model = Value() },
                "--data" => settings with { Data = Value() },
                "--steps" => settings with { Steps = Number(name, Value(), 1) },
                "--minutes" => settings with { Minutes = Real(name, Value(), 0.001, 1e6) },
                "--batch" => settings with { Batch = Number(name, Value(), 1) },
                "--rate" => settings with { Rate = Real(name, Value(), 0, 1) },
                "--replay" => settings with { Replay = [.. Value().Split(',').Select(share => Real(name, share, 0, 0.9))] },
                "--held-out" => settings with { HeldOut = Number(name, Value(), 1) },
                "--dropout" => settings with { Dropout = true },
                "--threads" => settings with { Threads = Number(name, Value(), 1) },
                "--seed" => settings with { Seed = Number(name, Value(), 0) },
                "--output" => settings with { Output = Value() },
                _ => throw new FormatException($"{name} is unknown."),
            };

            string Value() => ++i < arguments.Length ? arguments[i] : throw new FormatException($"{name} needs a value.");
        }

        return settings.Command.Length == 0 ? throw new FormatException("Say what to do: tune, scratch or all.")
            : settings.Model.Length == 0 ? throw new FormatException("--model is missing.")
            : settings.Data.Length == 0 ? throw new FormatException("--data is missing.")
            : settings;
    }

    private static int Number(string name, string value, int least) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number
            : throw new FormatException($"{name} must be a number of at least {least}, found '{value}'.");

    private static double Real(string name, string value, double least, double most) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most
            ? number
            : throw new FormatException($"{name} must be a number from {least} to {most}, found '{value}'.");
}
