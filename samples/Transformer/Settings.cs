using System.Globalization;

namespace Transformer;

/// <summary>What the command line says.</summary>
internal sealed record Settings
{
    public const string Usage = """
        dotnet run --project samples/Transformer -c Release [-- options]
          --steps N       training steps (600)
          --seed N        of weights, words and draws (1)
          --output DIR    where the picture goes (artifacts)
        """;

    public int Steps { get; private init; } = 600;

    public int Seed { get; private init; } = 1;

    public string Output { get; private init; } = "artifacts";

    /// <exception cref="FormatException">An argument is unknown or has no proper value.</exception>
    public static Settings Parse(string[] arguments)
    {
        Settings settings = new();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : throw new FormatException($"{arguments[i]} needs a value.");
            settings = arguments[i] switch
            {
                "--steps" => settings with { Steps = Number(arguments[i], value, 1) },
                "--seed" => settings with { Seed = Number(arguments[i], value, 0) },
                "--output" => settings with { Output = value },
                _ => throw new FormatException($"{arguments[i]} is unknown."),
            };
        }

        return settings;
    }

    private static int Number(string name, string value, int least) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number
            : throw new FormatException($"{name} must be a number of at least {least}, found '{value}'.");
}
