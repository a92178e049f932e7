namespace Transformer;

/// <summary>What the command line says.</summary>
internal sealed class Settings(Arguments given)
{
    public const string Usage = """
        dotnet run --project samples/Transformer -c Release [-- options]
        The transformer of "Attention is all you need", small: it learns to write words backwards, and is looked into.
          --steps N       training steps (600)
          --seed N        of weights, words and draws (1)
          --threads N     of the processor (1)
          --output DIR    where the picture goes (artifacts)
        """;

    public int Steps { get; } = given.Number("--steps") ?? 600;

    public int Seed { get; } = given.Number("--seed", 0) ?? 1;

    public string Output { get; } = given.Text("--output") ?? "artifacts";
}
