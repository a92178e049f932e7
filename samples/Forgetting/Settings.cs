using System.Globalization;

namespace Forgetting;

/// <summary>What the command line says.</summary>
internal sealed record Settings
{
    public const string Usage = """
        dotnet run --project samples/Forgetting -c Release [-- options]
          --train N             examples of the new task (600; the course: 500 to 1,000)
          --replay X            share of old examples beside them, for replay (0.1)
          --learning-rate X     (1e-3)
          --questions N         of each old task, and dialogues of the new one, in every examination (100)
          --seed N              of weights, draws and order (1)
          --threads N           of the processor (all)
          --output DIR          where reports and picture go (artifacts/forgetting)
        """;

    public int Train { get; private init; } = 600;

    public double Replay { get; private init; } = 0.1;

    public double LearningRate { get; private init; } = 1e-3;

    public int Questions { get; private init; } = 100;

    public int Seed { get; private init; } = 1;

    public int? Threads { get; private init; }

    public string Output { get; private init; } = Path.Combine("artifacts", "forgetting");

    /// <exception cref="FormatException">An argument is unknown or has no proper value.</exception>
    public static Settings Parse(string[] arguments)
    {
        Settings settings = new();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string name = arguments[i], value = i + 1 < arguments.Length ? arguments[i + 1] : throw new FormatException($"{name} needs a value.");
            settings = name switch
            {
                "--train" => settings with { Train = Number(16) },
                "--replay" => settings with { Replay = Positive() },
                "--learning-rate" => settings with { LearningRate = Positive() },
                "--questions" => settings with { Questions = Number(10) },
                "--seed" => settings with { Seed = Number(0) },
                "--threads" => settings with { Threads = Number(1) },
                "--output" => settings with { Output = value },
                _ => throw new FormatException($"{name} is unknown."),
            };

            int Number(int least) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
                ? number
                : throw new FormatException($"{name} must be a number of at least {least}, found '{value}'.");

            double Positive() => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number is > 0 and <= 1
                ? number
                : throw new FormatException($"{name} must be a number above 0 and at most 1, found '{value}'.");
        }

        return settings;
    }
}
