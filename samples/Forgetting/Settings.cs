namespace Forgetting;

/// <summary>What the command line says.</summary>
internal sealed class Settings(Arguments given)
{
    public const string Usage = """
        dotnet run --project samples/Forgetting -c Release [-- options]
        Measures what a small model, which learns first, forgets when it is tuned on a new task, and what helps against it.
          --train N             examples of the new task (600; the course: 500 to 1,000)
          --replay X            share of old examples beside them, for replay (0.1)
          --learning-rate X     (1e-3)
          --questions N         of each old task, and dialogues of the new one, in every examination (100)
          --seed N              of weights, draws and order (1)
          --threads N           of the processor (all)
          --output DIR          where reports and picture go (artifacts/forgetting)
        """;

    public int Train { get; } = given.Number("--train", 16) ?? 600;

    public double Replay { get; } = given.Real("--replay", 1) ?? 0.1;

    public double LearningRate { get; } = given.Real("--learning-rate", 1) ?? 1e-3;

    public int Questions { get; } = given.Number("--questions", 10) ?? 100;

    public int Seed { get; } = given.Number("--seed", 0) ?? 1;

    public string Output { get; } = given.Text("--output") ?? Path.Combine("artifacts", "forgetting");
}
