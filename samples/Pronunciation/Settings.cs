namespace Pronunciation;

/// <summary>What the command line says.</summary>
internal sealed class Settings(Arguments given)
{
    public const string Usage = """
        dotnet run --project samples/Pronunciation -c Release -- tune|adapter|scratch|all --model FOLDER --data FOLDER [options]
          tune              fine-tunes the American model on British words, without and with American ones among them
          adapter           trains a British LoRA adapter beside the American model: both accents from one model in one batch, against fine-tuning
          scratch           trains the same network from nothing on American words
          all               all three
          --model FOLDER    a BART that turns letters into sounds: config.json with grapheme_chars and phoneme_chars, weights
          --data FOLDER     us.tsv.gz and gb.tsv.gz: a word and its sounds on each line
          --steps N         of each training (tune and adapter 1,000, scratch 6,000)
          --minutes N       ends each training after this time, wherever its schedule is
          --batch N         words of a step (tune and adapter 64, scratch 128)
          --rate X          the highest learning rate (tune 0.0005, scratch 0.003)
          --adapter-rate X  the highest learning rate of the adapter (0.003)
          --rank N          of the adapter; its alpha is twice that (16)
          --targets A[,B]   the modules that the adapter changes (all-linear)
          --replay X[,X]    shares of American words among the British, each without and with a mark for British (0,0.1,0.3)
          --held-out N      words to be examined on (1500)
          --dropout         with the dropout of the configuration (from nothing: without)
          --threads N       of the processor (all)
          --seed N          of the split, the order and the weights (1)
          --output FOLDER   for tables, figures and models (artifacts/pronunciation)
        """;

    public string Command { get; } = given.Command("tune", "adapter", "scratch", "all");

    public string Model { get; } = given.Required("--model");

    public string Data { get; } = given.Required("--data");

    public int? Steps { get; } = given.Number("--steps");

    public double? Minutes { get; } = given.Real("--minutes", 1e6);

    public int? Batch { get; } = given.Number("--batch");

    public double? Rate { get; } = given.Real("--rate", 1);

    public double? AdapterRate { get; } = given.Real("--adapter-rate", 1);

    public int Rank { get; } = given.Number("--rank") ?? 16;

    public IReadOnlyList<string> Targets { get; } = given.Text("--targets")?.Split(',') ?? [LoraOptions.AllLinear];

    public IReadOnlyList<double> Replay { get; } = given.Reals("--replay", 0.9) ?? [0, 0.1, 0.3];

    public int HeldOut { get; } = given.Number("--held-out") ?? 1500;

    public bool Dropout { get; } = given.Flag("--dropout");

    public int Seed { get; } = given.Number("--seed", 0) ?? 1;

    public string Output { get; } = given.Text("--output") ?? Path.Combine("artifacts", "pronunciation");
}
