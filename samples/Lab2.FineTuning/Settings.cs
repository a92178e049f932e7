using System.Globalization;

namespace Lab2.FineTuning;

/// <summary>What the command line says.</summary>
internal sealed record Settings
{
    public const string Usage = """
        dotnet run --project samples/Lab2.FineTuning -c Release [-- options]
        Without --model it trains a small model of its own first, on conversations that it makes up.
          --model MODEL         a Hugging Face folder, a hub id in the local cache, or a .gguf file
          --data FILE           with --model: JSONL, CSV or Parquet with "dialogue" and "summary", to train on
          --test-data FILE      to measure on, also with "summary1" to "summary3" (dialogues of --data kept apart)
          --train N             dialogues to train on (1500; 300 with --model)
          --test N              dialogues to measure on (100)
          --learning-rate X     (1e-3; 5e-5 with --model)
          --epochs N            (1)
          --batch N             dialogues of a step (8)
          --max-length N        the most tokens of prompt and answer; longer dialogues are not drawn (256)
          --max-new-tokens N    the longest answer (50)
          --seed N              of weights, draws and order (1)
          --threads N           of the processor (all; fewer are quicker on a machine that is busy with other work)
          --output DIR          where the tuned model, tables and curves go (artifacts/lab2)

        The course's data: "git clone https://github.com/cylnlp/dialogsum", then --data and --test-data
        dialogsum/DialogSum_Data/dialogsum.train.jsonl and dialogsum.test.jsonl (CC BY-NC-SA 4.0).
        """;

    public string? Model { get; private init; }

    public string? Data { get; private init; }

    public string? TestData { get; private init; }

    public int Train { get => field > 0 ? field : Model is null ? 1500 : 300; private init; }

    public int Test { get; private init; } = 100;

    public double LearningRate { get => field > 0 ? field : Model is null ? 1e-3 : 5e-5; private init; }

    public int Epochs { get; private init; } = 1;

    public int Batch { get; private init; } = 8;

    public int MaxLength { get; private init; } = 256;

    public int MaxNewTokens { get; private init; } = 50;

    public int Seed { get; private init; } = 1;

    public int? Threads { get; private init; }

    public string Output { get; private init; } = Path.Combine("artifacts", "lab2");

    /// <exception cref="FormatException">An argument is unknown, missing, or has no proper value.</exception>
    public static Settings Parse(string[] arguments)
    {
        Settings settings = new();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string name = arguments[i], value = i + 1 < arguments.Length ? arguments[i + 1] : throw new FormatException($"{name} needs a value.");
            settings = name switch
            {
                "--model" => settings with { Model = value },
                "--data" => settings with { Data = value },
                "--test-data" => settings with { TestData = value },
                "--train" => settings with { Train = Number(1) },
                "--test" => settings with { Test = Number(3) },
                "--learning-rate" => settings with { LearningRate = Rate() },
                "--epochs" => settings with { Epochs = Number(1) },
                "--batch" => settings with { Batch = Number(1) },
                "--max-length" => settings with { MaxLength = Number(16) },
                "--max-new-tokens" => settings with { MaxNewTokens = Number(1) },
                "--seed" => settings with { Seed = Number(0) },
                "--threads" => settings with { Threads = Number(1) },
                "--output" => settings with { Output = value },
                _ => throw new FormatException($"{name} is unknown."),
            };

            int Number(int least) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
                ? number
                : throw new FormatException($"{name} must be a number of at least {least}, found '{value}'.");

            double Rate() => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double rate) && rate > 0 && double.IsFinite(rate)
                ? rate
                : throw new FormatException($"{name} must be a number above 0, found '{value}'.");
        }

        return settings.Model is null == settings.Data is null && (settings.TestData is null || settings.Data is not null)
            ? settings
            : throw new FormatException("--model and --data belong together, and --test-data to them.");
    }
}
