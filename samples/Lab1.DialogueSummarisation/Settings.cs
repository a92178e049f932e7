using System.Globalization;

namespace Lab1.DialogueSummarisation;

/// <summary>What the command line says.</summary>
internal sealed record Settings
{
    public const string Usage = """
        dotnet run --project samples/Lab1.DialogueSummarisation -c Release -- --model MODEL --data FILE [options]
          --model MODEL         a Hugging Face folder, a hub id in the local cache, or a .gguf file
          --data FILE           JSONL or CSV with "dialogue" and "summary"
          --example N[,N...]    rows to summarise (40,200); the last is the one for one-shot, few-shot and parameters
          --shots N[,N...]      rows shown as examples (40,80,120); the first is the one of one-shot
          --max-new-tokens N    the longest answer (50)
          --context N           the most tokens of prompt and answer together (what the model was made for)
          --seed N              of sampling (1)
          --threads N           of the processor (all; fewer are quicker on a machine that is busy with other work)
          --raw                 prompts as they are, also where the model has a chat template

          --score N             instead: ROUGE of zero-, one- and few-shot prompts on N dialogues drawn by the seed, with intervals
          --shot-data FILE      of --score: where worked examples are drawn from (the other dialogues of --data)
          --batch N             of --score: prompts answered together (8)

        A model: with Hugging Face's own tool, "hf download HuggingFaceTB/SmolLM2-135M-Instruct" (small, chats) or
        "hf download google/flan-t5-base" (the course's), then give the same name to --model. Or any Llama-type .gguf file.
        The course's data: "git clone https://github.com/cylnlp/dialogsum", then --data
        dialogsum/DialogSum_Data/dialogsum.test.jsonl (CC BY-NC-SA 4.0).
        """;

    public string Model { get; private init; } = "";

    public string Data { get; private init; } = "";

    public IReadOnlyList<int> Examples { get; private init; } = [40, 200];

    public IReadOnlyList<int> Shots { get; private init; } = [40, 80, 120];

    public int MaxNewTokens { get; private init; } = 50;

    public int? Context { get; private init; }

    public int Seed { get; private init; } = 1;

    public int? Threads { get; private init; }

    public bool Raw { get; private init; }

    public int? Score { get; private init; }

    public string? ShotData { get; private init; }

    public int Batch { get; private init; } = 8;

    /// <exception cref="FormatException">An argument is unknown, missing, or has no proper value.</exception>
    public static Settings Parse(string[] arguments)
    {
        Settings settings = new();
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i];
            settings = name switch
            {
                "--model" => settings with { Model = Value() },
                "--data" => settings with { Data = Value() },
                "--example" => settings with { Examples = Numbers() },
                "--shots" => settings with { Shots = Numbers() },
                "--max-new-tokens" => settings with { MaxNewTokens = Number(name, Value(), 1) },
                "--context" => settings with { Context = Number(name, Value(), 1) },
                "--seed" => settings with { Seed = Number(name, Value(), 0) },
                "--threads" => settings with { Threads = Number(name, Value(), 1) },
                "--raw" => settings with { Raw = true },
                "--score" => settings with { Score = Number(name, Value(), 2) },
                "--shot-data" => settings with { ShotData = Value() },
                "--batch" => settings with { Batch = Number(name, Value(), 1) },
                _ => throw new FormatException($"{name} is unknown."),
            };

            string Value() => ++i < arguments.Length ? arguments[i] : throw new FormatException($"{name} needs a value.");

            int[] Numbers() => [.. Value().Split(',').Select(number => Number(name, number, 0))];
        }

        return settings.Model.Length == 0 ? throw new FormatException("--model is missing.")
            : settings.Data.Length == 0 ? throw new FormatException("--data is missing.")
            : settings;
    }

    private static int Number(string name, string value, int least) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number
            : throw new FormatException($"{name} must be a number of at least {least}, found '{value}'.");
}
