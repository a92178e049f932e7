namespace Lab2.FineTuning;

/// <summary>A second task on the same model.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Train">For training; half of it is used.</param>
/// <param name="Test">For measuring: the dialogues of the first task's test, in the same order.</param>
/// <param name="Metric">By which answers are measured.</param>
internal sealed record OtherTask(string Name, IReadOnlyList<Example> Train, IReadOnlyList<Example> Test, Metric Metric);
