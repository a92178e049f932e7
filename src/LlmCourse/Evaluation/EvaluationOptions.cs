using LlmCourse.Data;
using LlmCourse.Generation;

namespace LlmCourse.Evaluation;

/// <summary>How a model is made to answer test examples.</summary>
public sealed record EvaluationOptions
{
    /// <summary>
    /// How answers are generated. Greedy by default, whatever the model's own defaults are, so that a figure can be repeated; length and
    /// end follow the model. Write <c>new GenerationOptions { DoSample = false, MaxNewTokens = 60 }</c>.
    /// </summary>
    public GenerationOptions Generation { get; init; } = new() { DoSample = false };

    /// <summary>
    /// How an example is asked, if not as it stands: in other words, or behind worked examples, as in <c>example => example with
    /// { Prompt = shots.Ask(example.Prompt) }</c>. Answers are scored against the example itself, so that ways to ask can be compared.
    /// </summary>
    public Func<Example, Example>? Ask { get; init; }

    /// <summary>How many examples are answered at once, 1 or more.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Only the first so many examples are used; null for all.</summary>
    public int? MaxExamples { get; init; }

    /// <summary>How intervals are drawn.</summary>
    public BootstrapOptions Bootstrap { get; init; } = new();

    /// <summary>What the model is called in reports.</summary>
    public string System { get; init; } = "model";

    /// <summary>What was measured, for reports; null for the number of examples.</summary>
    public string? Title { get; init; }

    internal EvaluationOptions Validate()
    {
        ArgumentNullException.ThrowIfNull(Generation);
        ArgumentNullException.ThrowIfNull(Bootstrap);
        ArgumentNullException.ThrowIfNull(System);
        if (BatchSize < 1)
            throw new ArgumentOutOfRangeException(nameof(BatchSize), BatchSize, $"{nameof(BatchSize)} must be at least 1.");
        if (MaxExamples < 1)
            throw new ArgumentOutOfRangeException(nameof(MaxExamples), MaxExamples, $"{nameof(MaxExamples)} must be at least 1, or null for all.");
        Bootstrap.Validate();
        return this;
    }
}
