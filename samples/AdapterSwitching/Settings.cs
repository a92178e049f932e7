namespace AdapterSwitching;

/// <summary>What the command line says.</summary>
internal sealed class Settings(Arguments given)
{
    public const string Usage = """
        dotnet run --project samples/AdapterSwitching -c Release [-- options]
        Three adapters of one small model, which learns first, answer in one batch, a task each, and are switched by name.
          --base FOLDER         keeps the small model that it trains there, and takes it from there the next time
          --train N             conversations that each adapter learns from (1000)
          --test N              conversations that all adapters are asked about (60)
          --rank N              of the adapters; alpha is twice that (8)
          --learning-rate X     of the adapters (5e-3)
          --seed N              of weights, draws and order (1)
          --threads N           of the processor (all)
          --output DIR          where adapters and picture go (artifacts/adapter-switching)
        """;

    public string? Base { get; } = given.Text("--base");

    public int Train { get; } = given.Number("--train", 16) ?? 1000;

    public int Test { get; } = given.Number("--test", 3) ?? 60;

    public int Rank { get; } = given.Number("--rank") ?? 8;

    public double LearningRate { get; } = given.Real("--learning-rate", 1) ?? 5e-3;

    public int Seed { get; } = given.Number("--seed", 0) ?? 1;

    public string Output { get; } = given.Text("--output") ?? Path.Combine("artifacts", "adapter-switching");
}
