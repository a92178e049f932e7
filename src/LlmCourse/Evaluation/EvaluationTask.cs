using LlmCourse.Data;

namespace LlmCourse.Evaluation;

/// <summary>Something a model can do, with the examples to measure it on. Immutable.</summary>
public sealed class EvaluationTask
{
    private EvaluationTask(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <summary>What it is called in a report.</summary>
    public string Name { get; }

    internal IReadOnlyList<Example> Examples { get; private init; } = [];

    internal Metric? Metric { get; private init; }

    internal EvaluationOptions? Generation { get; private init; }

    internal IReadOnlyList<string> Texts { get; private init; } = [];

    internal PerplexityOptions? Windows { get; private init; }

    internal IReadOnlyList<ChoiceQuestion> Questions { get; private init; } = [];

    internal ChoiceOptions? Choices { get; private init; }

    /// <summary>Answers that a metric scores.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="test">The examples.</param>
    /// <param name="metric">The metric; each of its figures is a line of the report.</param>
    /// <param name="options">How answers are generated; null for the defaults.</param>
    public static EvaluationTask Answers(string name, IEnumerable<Example> test, Metric metric, EvaluationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return new EvaluationTask(name) { Examples = Evaluator.Take(test, options?.MaxExamples), Metric = metric, Generation = options };
    }

    /// <summary>The perplexity of texts: does the model still know the language it was trained on?</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="texts">The texts; at least one.</param>
    /// <param name="options">Windows; null for the defaults.</param>
    public static EvaluationTask Perplexity(string name, IEnumerable<string> texts, PerplexityOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        string[] all = [.. texts];
        Inputs.RequireNoNull(all, nameof(texts));
        return all.Length > 0 ? new EvaluationTask(name) { Texts = all, Windows = options } : throw new DataException(name, "there are no texts.");
    }

    /// <summary>Multiple-choice questions, by accuracy.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="questions">The questions; at least one.</param>
    /// <param name="options">Normalisation; null for none.</param>
    public static EvaluationTask MultipleChoice(string name, IEnumerable<ChoiceQuestion> questions, ChoiceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(questions);
        ChoiceQuestion[] all = [.. questions];
        Inputs.RequireNoNull(all, nameof(questions));
        return all.Length > 0 ? new EvaluationTask(name) { Questions = all, Choices = options } : throw new DataException(name, "there are no questions.");
    }
}
