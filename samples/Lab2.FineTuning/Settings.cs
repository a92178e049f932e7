namespace Lab2.FineTuning;

/// <summary>What the command line says.</summary>
internal sealed class Settings
{
    public const string Usage = """
        dotnet run --project samples/Lab2.FineTuning -c Release [-- full|lora|soft-prompt|compare] [options]
          full                  tunes all weights, and measures before and after (what is done where no command stands)
          lora                  tunes a LoRA adapter beside the model, likewise
          soft-prompt           tunes virtual tokens in front of the text, likewise, and shows which words they are close to
          compare               tunes in every way: what is trained, time, memory, files, scores, what is forgotten; and two tasks on one model
        Without --model it trains a small model of its own first, on conversations that it makes up.
          --base FOLDER         keeps that small model there, and takes it from there the next time
          --model MODEL         a Hugging Face folder, a hub id (downloaded once), or a .gguf file
          --data FILE           with --model: JSONL, CSV or Parquet with "dialogue" and "summary", to train on
          --test-data FILE      to measure on, also with "summary1" to "summary3" (dialogues of --data kept apart)
          --text FILE           with --model and compare: a text of which the tuned models should not forget how to read it
          --train N             dialogues to train on (1500; 300 with --model)
          --test N              dialogues to measure on (100)
          --learning-rate X     (full 1e-3, lora 5e-3, soft-prompt 1e-1; with --model 5e-5, 5e-4, 1e-2; not with compare)
          --rank N              of LoRA; its alpha is twice that (16)
          --targets A[,B]       the modules that LoRA changes: q,v or others, or all-linear (all-linear)
          --epochs N            (1)
          --batch N             dialogues of a step (8)
          --max-length N        the most tokens of prompt and answer; longer dialogues are not drawn (256)
          --max-new-tokens N    the longest answer (50)
          --virtual-tokens N    of a soft prompt; the course: 20 to 100 (40; 20 with --model)
          --seed N              of weights, draws and order (1)
          --threads N           of the processor (all; fewer are quicker on a machine that is busy with other work)
          --output DIR          where the tuned model, tables and curves go (artifacts/lab2)

        The course's data: "git clone https://github.com/cylnlp/dialogsum", then --data and --test-data
        dialogsum/DialogSum_Data/dialogsum.train.jsonl and dialogsum.test.jsonl (CC BY-NC-SA 4.0).
        """;

    /// <exception cref="FormatException">An argument is missing, or has no proper value.</exception>
    public Settings(Arguments given)
    {
        Command = given.CommandOr(Technique.Full.Name, [.. Technique.Adapters.Select(technique => technique.Name), "compare"]);
        Technique = Technique.All.FirstOrDefault(technique => technique.Name == Command);
        (Model, Data, TestData) = (given.Text("--model"), given.Text("--data"), given.Text("--test-data"));
        if (Model is null != Data is null || (Data is null && TestData is not null))
            throw new FormatException("--model and --data belong together, and --test-data to them.");
        Train = given.Number("--train") ?? (Model is null ? 1500 : 300);
        Test = given.Number("--test", 3) ?? 100;
        Base = given.Text("--base");
        if (Base is not null && Model is not null)
            throw new FormatException("--base is for the small model, and not with --model.");
        LearningRate = given.Real("--learning-rate");
        if (LearningRate is not null && Technique is null)
            throw new FormatException("--learning-rate is for one technique: in a comparison each has its own.");
        Text = given.Text("--text");
        if (Text is not null && (Model is null || Technique is not null))
            throw new FormatException("--text is for a comparison with --model.");
        Rank = given.Number("--rank") ?? 16;
        VirtualTokens = given.Number("--virtual-tokens") ?? (Model is null ? 40 : 20);
        Targets = given.Text("--targets")?.Split(',') ?? [LoraOptions.AllLinear];
        Epochs = given.Number("--epochs") ?? 1;
        Batch = given.Number("--batch") ?? 8;
        MaxLength = given.Number("--max-length", 16) ?? 256;
        MaxNewTokens = given.Number("--max-new-tokens") ?? 50;
        Seed = given.Number("--seed", 0) ?? 1;
        Output = given.Text("--output") ?? Path.Combine("artifacts", "lab2");
    }

    public string Command { get; }

    /// <summary>The one that is tuned with; null for a comparison of all.</summary>
    public Technique? Technique { get; }

    public string? Model { get; }

    public string? Base { get; }

    public string? Text { get; }

    public string? Data { get; }

    public string? TestData { get; }

    public int Train { get; }

    public int Test { get; }

    /// <summary>null for the technique's own.</summary>
    public double? LearningRate { get; }

    public int Rank { get; }

    public IReadOnlyList<string> Targets { get; }

    public int VirtualTokens { get; }

    public int Epochs { get; }

    public int Batch { get; }

    public int MaxLength { get; }

    public int MaxNewTokens { get; }

    public int Seed { get; }

    public string Output { get; }
}
