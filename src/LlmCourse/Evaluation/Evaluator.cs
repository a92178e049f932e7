using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Evaluation;

/// <summary>Has something that completes texts answer test examples, and scores the answers.</summary>
public static class Evaluator
{
    /// <summary>Answers and scores prompts, whatever stands behind the interface.</summary>
    /// <param name="generator">Who answers.</param>
    /// <param name="test">Prompts with their completions or <see cref="Example.References"/>; conversations need a model's template: see <see cref="Llm.Evaluate(IEnumerable{Example}, IReadOnlyList{Metric}, EvaluationOptions?, IProgress{EvaluationProgress}?, CancellationToken)"/>.</param>
    /// <param name="metrics">What the answers are scored by; none is allowed, for the answers alone.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="progress">Hears of every batch.</param>
    /// <param name="cancellationToken">Checked between batches and between tokens.</param>
    /// <returns>Answers and scores in the order of the examples.</returns>
    /// <exception cref="DataException">There are no examples, or one is a conversation.</exception>
    public static async Task<EvaluationResult> EvaluateAsync(
        ITextGenerator generator, IEnumerable<Example> test, IReadOnlyList<Metric> metrics, EvaluationOptions? options = null,
        IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(metrics);
        options = (options ?? new EvaluationOptions()).Validate();
        Example[] examples = Take(test, options.MaxExamples);
        Example[] asked = Asked(examples, options);
        if (Array.Find(asked, example => example.Messages.Count > 0) is { } chat)
            throw new DataException(ExampleEncoder.Where(chat), "a conversation needs a model with a chat template, and this is a text generator. Give it a prompt and a completion.");
        string[] prompts = [.. asked.Select(example => example.Prompt)];
        IReadOnlyList<string> answers = await InBatches(
            prompts, prompt => prompt.Length, options, (batch, how) => generator.GenerateAsync(batch, how, cancellationToken),
            done => progress?.Report(new EvaluationProgress(done, examples.Length)), cancellationToken).ConfigureAwait(false);
        return new EvaluationResult(examples, answers, metrics, options);
    }

    /// <summary>The examples of a test that are used.</summary>
    internal static Example[] Take(IEnumerable<Example> test, int? most)
    {
        ArgumentNullException.ThrowIfNull(test);
        Example[] examples = [.. most is { } count ? test.Take(count) : test];
        Inputs.RequireNoNull(examples, nameof(test));
        return examples.Length > 0 ? examples : throw new DataException("the test", "there are no examples to evaluate on.");
    }

    /// <summary>The examples as they are put to the model.</summary>
    internal static Example[] Asked(Example[] examples, EvaluationOptions options)
    {
        if (options.Ask is not { } ask)
            return examples;
        Example[] asked = [.. examples.Select(ask)];
        Inputs.RequireNoNull(asked, nameof(EvaluationOptions.Ask));
        return asked;
    }

    /// <summary>The turns before the assistant's last one: what a conversation asks.</summary>
    internal static IReadOnlyList<ChatMessage> Question(Example example) => example.Messages[^1].Role == "assistant" && example.Messages.Count > 1
        ? [.. example.Messages.SkipLast(1)]
        : throw new DataException(ExampleEncoder.Where(example), "a conversation to be tested on ends with the assistant's turn, which is the reference, behind at least one other.");

    /// <summary>
    /// Answers in the order of the prompts. Prompts of like lengths are run together, the longest first, so that what does not
    /// fit fails at once. A seed is another one in each batch, or all would draw the same numbers.
    /// </summary>
    internal static async Task<IReadOnlyList<string>> InBatches<T>(
        IReadOnlyList<T> prompts, Func<T, int> length, EvaluationOptions options, Func<IReadOnlyList<T>, GenerationOptions, Task<IReadOnlyList<Completion>>> generate,
        Action<int> finished, CancellationToken cancellationToken)
    {
        var answers = new string[prompts.Count];
        int done = 0;
        foreach (int[] batch in Enumerable.Range(0, prompts.Count).OrderByDescending(i => length(prompts[i])).Chunk(options.BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            GenerationOptions how = options.Generation with { Seed = options.Generation.Seed + (done / options.BatchSize), NumReturnSequences = 1 };
            IReadOnlyList<Completion> completions = await generate([.. batch.Select(i => prompts[i])], how).ConfigureAwait(false);
            for (int k = 0; k < batch.Length; k++)
                answers[batch[k]] = completions[k].Text;
            finished(done += batch.Length);
        }

        return answers;
    }
}
