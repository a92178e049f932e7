namespace Encoders;

/// <summary>What the command line says.</summary>
internal sealed class Settings(Arguments given)
{
    public const string Usage = """
        dotnet run --project samples/Encoders -c Release [-- options]
          --fill MODEL       a masked language model: a Hugging Face folder or hub id (a small one, trained on the spot)
          --classify MODEL   a text classifier (a small one, trained on the spot)
          --sentences MODEL  a folder of sentence-transformers (the small masked language model, its states averaged)
          --text TEXT        instead of the sample's sentences; [MASK] stands for the model's own mask
          --steps N          of training the small ones (300)
          --seed N           of weights and sentences (1)
          --threads N        of the processor (all)
        """;

    public string? Fill { get; } = given.Text("--fill");

    public string? Classify { get; } = given.Text("--classify");

    public string? Sentences { get; } = given.Text("--sentences");

    public string? Text { get; } = given.Text("--text");

    public int Steps { get; } = given.Number("--steps") ?? 300;

    public int Seed { get; } = given.Number("--seed", 0) ?? 1;
}
