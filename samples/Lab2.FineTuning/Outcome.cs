namespace Lab2.FineTuning;

/// <summary>What a technique came to.</summary>
/// <param name="Name">Of the technique.</param>
/// <param name="Trained">How many numbers were trained.</param>
/// <param name="Run">The training.</param>
/// <param name="Memory">What it took.</param>
/// <param name="Loss">On the test, in nats a label.</param>
/// <param name="Answers">To the test.</param>
/// <param name="FileBytes">What is stored of it.</param>
internal sealed record Outcome(string Name, long Trained, TrainingResult Run, TrainingMemory Memory, double Loss, EvaluationResult Answers, long FileBytes);
