namespace Lab2.FineTuning;

/// <summary>What the command line says.</summary>
internal sealed class Settings
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

    /// <exception cref="FormatException">An argument is missing, or has no proper value.</exception>
    public Settings(Arguments given)
    {
        (Model, Data, TestData) = (given.Text("--model"), given.Text("--data"), given.Text("--test-data"));
        if (Model is null != Data is null || (Data is null && TestData is not null))
            throw new FormatException("--model and --data belong together, and --test-data to them.");
        Train = given.Number("--train") ?? (Model is null ? 1500 : 300);
        Test = given.Number("--test", 3) ?? 100;
        LearningRate = given.Real("--learning-rate") ?? (Model is null ? 1e-3 : 5e-5);
        Epochs = given.Number("--epochs") ?? 1;
        Batch = given.Number("--batch") ?? 8;
        MaxLength = given.Number("--max-length", 16) ?? 256;
        MaxNewTokens = given.Number("--max-new-tokens") ?? 50;
        Seed = given.Number("--seed", 0) ?? 1;
        Output = given.Text("--output") ?? Path.Combine("artifacts", "lab2");
    }

    public string? Model { get; }

    public string? Data { get; }

    public string? TestData { get; }

    public int Train { get; }

    public int Test { get; }

    public double LearningRate { get; }

    public int Epochs { get; }

    public int Batch { get; }

    public int MaxLength { get; }

    public int MaxNewTokens { get; }

    public int Seed { get; }

    public string Output { get; }
}
