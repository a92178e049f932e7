namespace Encoders;

/// <summary>What the command line says.</summary>
internal sealed class Settings(Arguments given)
{
    public const string Usage = """
        dotnet run --project samples/Encoders -c Release [-- options]
        Without a model, small ones learn in less than a minute, and all three questions are put to them.
          --fill MODEL       asks what stands behind a mask: a masked language model, as a Hugging Face folder or hub id
          --classify MODEL   asks what kind of text it is: a text classifier
          --sentences MODEL  asks which sentences are nearest: a folder of sentence-transformers, or any encoder, its states averaged
          --text TEXT        instead of the sample's sentences; [MASK] stands for the model's own mask
          --steps N          of training the small masked language model (4000)
          --seed N           of weights and sentences (1)
          --threads N        of the processor (all)
        """;

    public string? Fill { get; } = given.Text("--fill");

    public string? Classify { get; } = given.Text("--classify");

    public string? Sentences { get; } = given.Text("--sentences");

    public string? Text { get; } = given.Text("--text");

    public int Steps { get; } = given.Number("--steps") ?? 4000;

    public int Seed { get; } = given.Number("--seed", 0) ?? 1;
}
