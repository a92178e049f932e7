using LlmCourse.Data;
using LlmCourse.Evaluation;
using LlmCourse.Generation;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Tests.Evaluation;

/// <summary>Test examples answered by a model, and scored.</summary>
public sealed class EvaluateTests
{
    private static readonly EvaluationOptions Short = new() { BatchSize = 3, Generation = new GenerationOptions { DoSample = false, MaxNewTokens = 5, EosTokenIds = [] } };

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Answers_come_in_the_order_of_the_examples(string name)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        Example[] test = TinyLlm.Examples(8); // of different lengths
        List<EvaluationProgress> heard = [];
        EvaluationResult found = llm.Evaluate(test, [Metrics.F1], Short, new ChoiceTests.Heard(heard));
        Assert.Equal(test, found.Examples);
        Assert.Equal(test.Select(example => llm.Generate(example.Prompt, Short.Generation).Text.Trim()), found.Predictions);
        Assert.Equal([3, 6, 8], heard.Select(progress => progress.Done));
        Assert.Equal(test.Take(5), llm.Evaluate(test, [], Short with { MaxExamples = 5 }).Examples);
    }

    [SkippableFact]
    public void A_metric_may_be_anybodys_own()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        Metric length = new("letters", (prediction, references) => prediction.Length + (100 * references.Count), lowerIsBetter: true);
        Example[] test = [new("hello", "you"), new("ab", "c") { References = ["c", "d"] }];
        EvaluationResult found = llm.Evaluate(test, [length, Metrics.SameText], Short);
        Assert.Equal([100 + found.Predictions[0].Length, 200.0 + found.Predictions[1].Length], found["letters"].Examples);
        Assert.Equal(150 + found.Predictions.Average(text => text.Length), found["letters"].Value);
        string report = found.Report().ToString();
        Assert.Contains("letters (lower is better)", report, StringComparison.Ordinal);
        Assert.StartsWith("2 examples\n", report, StringComparison.Ordinal);
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(() => found["ROUGE-1"]);
        Assert.Contains("letters, same text", error.Message, StringComparison.Ordinal);
        Assert.ThrowsAny<ArgumentException>(() => llm.Evaluate(test, [length, length], Short));
        Assert.ThrowsAny<ArgumentException>(() => llm.Evaluate(test, [new Metric("bad", (_, _) => double.NaN)], Short));
    }

    [SkippableFact]
    public void A_conversation_is_asked_through_the_chat_template()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama", chat: true), without = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice), bare = Llm.FromConfig(without.Path, 7, LogLikelihoodTests.OnDevice);
        ChatMessage[] turns = [new("user", "hi"), new("assistant", "hello"), new("user", "you?"), new("assistant", "hello you")];
        Example[] test = [new(turns)];
        EvaluationResult found = llm.Evaluate(test, [Metrics.F1], Short);
        Assert.Equal(llm.Chat(turns[..3], Short.Generation).Text.Trim(), found.Predictions[0]);
        Assert.Equal(Squad.F1(found.Predictions[0], ["hello you"]), found["F1"].Value);
        Assert.Throws<DataException>(() => bare.Evaluate(test, [], Short));
        Assert.Throws<DataException>(() => llm.Evaluate([new(turns[..3])], [], Short));
        Assert.Throws<DataException>(() => llm.Evaluate([new([turns[1]])], [], Short));
    }

    [SkippableFact]
    public void An_example_may_be_asked_in_another_way_and_is_scored_as_itself()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        Example[] test = [new("hello", "you") { References = ["you", "me"] }, new("ab", "c")];
        EvaluationOptions shown = Short with { System = "shown", Ask = example => example with { Prompt = "ba " + example.Prompt, References = ["nothing"] } };
        EvaluationResult plain = llm.Evaluate(test, [Metrics.F1], Short), found = llm.Evaluate(test, [Metrics.F1], shown);
        Assert.Equal(["ba hello", "ba ab"], test.Select(shown.Ask).Select(example => example.Prompt));
        Assert.Equal(test.Select(example => llm.Generate("ba " + example.Prompt, Short.Generation).Text.Trim()), found.Predictions);
        Assert.Equal(test.Select((example, i) => Squad.F1(found.Predictions[i], example.References)), found["F1"].Examples);
        Assert.Equal(plain["F1"].Value, plain.CompareWith(found, "F1").Baseline);
        Assert.ThrowsAny<ArgumentException>(() => llm.Evaluate(test, [], Short with { Ask = _ => null! }));
    }

    [SkippableFact]
    public void Two_models_are_compared_on_the_same_examples()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        Example[] test = [new("a=", "A"), new("b=", "B") { Source = "letters:2" }, new("c=", "C"), new("d=", "D")];
        EvaluationOptions options = Short with { Generation = new GenerationOptions { DoSample = false, MaxNewTokens = 2, EosTokenIds = [TinyLlm.End] }, Title = "letters" };
        EvaluationResult before = llm.Evaluate(test, [Metrics.SameText], options with { System = "original" });
        llm.FineTune(test, new() { LearningRate = 1e-2, Epochs = 60, Batches = new() { Size = 4, MaxLength = 16 } });
        EvaluationResult after = llm.Evaluate(test, [Metrics.SameText], options with { System = "tuned" });
        Assert.Equal(["A", "B", "C", "D"], after.Predictions);
        PairedComparison change = before.CompareWith(after, "same text");
        Assert.Equal((before["same text"].Value, 1.0), (change.Baseline, change.Candidate));
        Assert.Contains("original", before.Report(after).ToString(), StringComparison.Ordinal);
        string[] compared = before.CompareWith(after).ToString().Split('\n');
        Assert.Equal(["original", "tuned", "difference", "p"], compared[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(change.Difference.ToString(), compared[2], StringComparison.Ordinal);
        string[] lines = before.SideBySide(2, after).Split('\n');
        Assert.Equal(["letters", "example    "], [lines[0], lines[1][..11]]);
        Assert.StartsWith("1          reference  A", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("           tuned      A", lines[4], StringComparison.Ordinal);
        Assert.StartsWith("letters:2  reference  B", lines[5], StringComparison.Ordinal);
        EvaluationResult other = llm.Evaluate(test[..3], [Metrics.SameText], options);
        Assert.ThrowsAny<ArgumentException>(() => before.CompareWith(other, "same text"));
        Assert.ThrowsAny<ArgumentException>(() => before.Report(before)); // one name, twice
    }

    [SkippableFact]
    public void A_suite_says_what_was_forgotten()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        Example[] letters = [new("a=", "A"), new("b=", "B"), new("c=", "C"), new("d=", "D")];
        TrainingFor(llm, letters);
        ForgettingSuite suite = new(
            EvaluationTask.Answers("letters", letters, Metrics.SameText, Short with { Generation = new GenerationOptions { DoSample = false, MaxNewTokens = 2, EosTokenIds = [TinyLlm.End] } }),
            EvaluationTask.Answers("summaries", letters, Metrics.Rouge, Short),
            EvaluationTask.Perplexity("text", ["a=A", "b=B", "c=C", "d=D"]),
            EvaluationTask.MultipleChoice("choices", [.. letters.Select(letter => new ChoiceQuestion(letter.Prompt, ["X", letter.Completion], 1))], new ChoiceOptions { Separator = "" }));
        List<EvaluationProgress> heard = [];
        SuiteScores before = llm.Measure(suite, new ChoiceTests.Heard(heard));
        Assert.Equal(["letters", "summaries: ROUGE-1", "summaries: ROUGE-2", "summaries: ROUGE-L", "summaries: ROUGE-Lsum", "text", "choices"], before.Tasks.Select(task => task.Task));
        Assert.Equal(["letters", "summaries", "text", "choices"], heard.Select(progress => progress.Task).Distinct());
        Assert.All(before.ChangesTo(llm.Measure(suite), "nothing").Tasks, task => Assert.Equal(TaskVerdict.Unchanged, task.Verdict));
        TrainingFor(llm, [.. letters.Select(letter => new Example(letter.Prompt, "X"))]);
        ForgettingReport report = before.ChangesTo(llm.Measure(suite), "after X");
        Assert.Equal(["letters", "text", "choices"], report.Lost.Select(task => task.Task).Order(StringComparer.Ordinal).OrderBy(task => task switch { "letters" => 0, "text" => 1, _ => 2 }));
        Assert.True(report.Tasks[5].LowerIsBetter);
        Assert.ThrowsAny<ArgumentException>(() => before.ChangesTo(llm.Measure(new ForgettingSuite(suite.Tasks[0])), "other"));
        Assert.ThrowsAny<ArgumentException>(() => new ForgettingSuite());
        Assert.ThrowsAny<ArgumentException>(() => new ForgettingSuite(suite.Tasks[0], suite.Tasks[0]));
        Assert.Throws<DataException>(() => EvaluationTask.Perplexity("none", []));

        static void TrainingFor(Llm llm, Example[] examples) =>
            llm.FineTune(examples, new() { LearningRate = 1e-2, Epochs = 60, Batches = new() { Size = 4, MaxLength = 16 } });
    }

    [SkippableFact]
    public void What_cannot_be_answered_is_named_before_anything_is()
    {
        using TemporaryFolder folder = TinyLlm.Folder("gpt2");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        List<EvaluationProgress> heard = [];
        Example[] test = [.. TinyLlm.Examples(5), new(new string('a', 64), "b") { Source = "long.jsonl:6" }];
        PromptTooLongException error = Assert.Throws<PromptTooLongException>(() => llm.Evaluate(test, [], Short, new ChoiceTests.Heard(heard)));
        Assert.Contains("long.jsonl:6", error.Message, StringComparison.Ordinal);
        Assert.Empty(heard);
        Assert.Throws<DataException>(() => llm.Evaluate([], Metrics.Rouge));
        Assert.Throws<ArgumentOutOfRangeException>(() => llm.Evaluate(test, [], Short with { BatchSize = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => llm.Evaluate(test, [], Short with { MaxExamples = 0 }));
        using CancellationTokenSource cancel = new();
        cancel.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => llm.Evaluate(test[..5], [], Short, null, cancel.Token));
    }

    [Fact]
    public async Task Anything_that_completes_texts_can_be_evaluated()
    {
        Echo echo = new();
        Example[] test = [new("b b", "b b"), new("aaaa", "b"), new("c", " c ")];
        EvaluationResult found = await Evaluator.EvaluateAsync(echo, test, [Metrics.SameText], new EvaluationOptions { BatchSize = 2, Generation = new GenerationOptions { Seed = 5 } });
        Assert.Equal(["b b", "aaaa", "c"], found.Predictions);
        Assert.Equal([1.0, 0, 1], found["same text"].Examples);
        Assert.Equal(["aaaa,b b", "c"], echo.Asked); // the longest first
        Assert.Equal([5L, 6L], echo.Seeds); // batches do not draw the same numbers
        await Assert.ThrowsAsync<DataException>(() => Evaluator.EvaluateAsync(echo, [new([new("user", "a"), new("assistant", "b")])], []));
        await Assert.ThrowsAsync<DataException>(() => Evaluator.EvaluateAsync(echo, [], []));
    }

    private sealed class Echo : ITextGenerator
    {
        public List<string> Asked { get; } = [];

        public List<long?> Seeds { get; } = [];

        public Task<IReadOnlyList<Completion>> GenerateAsync(IReadOnlyList<string> prompts, GenerationOptions? options = null, CancellationToken cancellationToken = default)
        {
            Asked.Add(string.Join(',', prompts));
            Seeds.Add(options?.Seed);
            return Task.FromResult<IReadOnlyList<Completion>>(
                [.. prompts.Select(prompt => new Completion { Text = $" {prompt}\n", Tokens = [1], FinishReason = FinishReason.EndOfSequence, PromptTokens = 1 })]);
        }
    }
}
