using LlmCourse.Data;
using LlmCourse.Evaluation;
using LlmCourse.Tests.Checkpoints;

namespace LlmCourse.Tests.Evaluation;

public sealed class ChoiceTests
{
    private static readonly string[] Options = ["hello world", "you", "hello you", "ab"];

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Answers_that_share_a_context_score_as_each_by_itself(string name)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        string[] contexts = ["what do you say", "a", "hello hell"];
        ChoiceQuestion[] questions = [.. contexts.Select((context, i) => new ChoiceQuestion(context, Options, i))];
        ChoiceEvaluation found = llm.EvaluateChoices(questions);
        string blank = llm.Model.Config.Encoder is null ? " " : "";
        for (int q = 0; q < contexts.Length; q++)
        {
            ContinuationScore[] alone = [.. Options.Select(option => llm.LogLikelihood(contexts[q], blank + option))];
            Assert.Equal(Array.IndexOf(alone, alone.MaxBy(score => score.LogLikelihood)), found.Results[q].Best);
            Assert.Equal(Options, found.Results[q].Choices.Select(choice => choice.Text));
            Assert.All(alone.Zip(found.Results[q].Choices), both => Assert.Equal(both.First.LogLikelihood, both.Second.LogLikelihood, 1e-4));
            Assert.Equal(found.Results[q].Best, llm.Choose(contexts[q], Options).Best);
        }
    }

    [SkippableFact]
    public void The_normalization_decides_what_is_compared()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        foreach (ChoiceNormalization normalization in Enum.GetValues<ChoiceNormalization>())
        {
            ChoiceResult found = llm.Choose("hello", Options, normalization);
            Assert.Equal(MultipleChoice.Best(found.Choices, normalization), found.Best);
        }

        // "hello" and " world" are a token each, in front of them a blank of its own; "ab" are three with its blank.
        Assert.Equal(3, llm.Choose("hello", Options).Choices[0].Tokens);
        Assert.Equal(3, llm.Choose("hello", Options).Choices[3].Tokens);
        Assert.Equal(llm.Choose("hello", Options).Choices, llm.Choose("hello ", Options).Choices);
    }

    [SkippableFact]
    public void Accuracy_is_the_share_of_right_answers()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        ChoiceQuestion[] questions = [.. TinyLlm.Examples(8).Select((example, i) => new ChoiceQuestion(example.Prompt, ["A", "B"], 0) { Subject = i < 4 ? "first" : "second" })];
        List<EvaluationProgress> heard = [];
        ChoiceEvaluation found = llm.EvaluateChoices(questions, new ChoiceOptions { BatchSize = 6 }, new Heard(heard));
        int right = found.Results.Count(result => result.Best == 0);
        Assert.Equal(right / 8.0, found.Accuracy.Value);
        Assert.Equal([3, 6, 8], heard.Select(progress => progress.Done)); // three pairs fill a batch of 6
        Assert.Contains("accuracy: second", found.Report().ToString(), StringComparison.Ordinal);
        ChoiceEvaluation other = llm.EvaluateChoices([.. questions.Select((question, i) => question with { Answer = found.Results[i].Best })]);
        Assert.Equal(1, other.Accuracy.Value);
        Assert.Equal(1 - (right / 8.0), found.Scores.CompareWith(other.Scores).Difference.Value, 1e-12);
    }

    [Fact]
    public void Questions_are_written_as_in_mmlu()
    {
        ChoiceQuestion shot = ChoiceQuestion.Lettered("One and one?", ["1", "2"], 1);
        ChoiceQuestion question = ChoiceQuestion.Lettered("Two and two? ", ["3", "4", "5"], 1).WithShots([shot], "Sums.\n\n");
        Assert.Equal("Sums.\n\nOne and one?\nA. 1\nB. 2\nAnswer: B\n\nTwo and two?\nA. 3\nB. 4\nC. 5\nAnswer:", question.Context);
        Assert.Equal(["A", "B", "C"], question.Options);
    }

    [SkippableFact]
    public void Bad_questions_are_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => ChoiceQuestion.Lettered("q", [], 0));
        Assert.ThrowsAny<ArgumentException>(() => ChoiceQuestion.Lettered("q", ["a"], 1));
        using TemporaryFolder folder = TinyLlm.Folder("gpt2");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        Assert.ThrowsAny<ArgumentException>(() => llm.Choose("hello", []));
        Assert.ThrowsAny<ArgumentException>(() => llm.Choose("hello", ["a", null!]));
        Assert.Throws<LlmCourse.Transformers.SequenceTooLongException>(() => llm.Choose("hello", [new string('a', 65)]));
        Assert.Throws<DataException>(() => llm.EvaluateChoices([]));
        Assert.ThrowsAny<ArgumentException>(() => llm.EvaluateChoices([new ChoiceQuestion("a", ["b"], 2)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => llm.EvaluateChoices([new ChoiceQuestion("a", ["b"], 0)], new ChoiceOptions { BatchSize = 0 }));
        // Longer together than the model reads: each answer has a context of its own then, and what was cut is not shared.
        ChoiceResult cut = llm.Choose(new string('a', 63), ["b", "cde"]);
        Assert.Equal(llm.LogLikelihood(new string('a', 63), " cde").LogLikelihood, cut.Choices[1].LogLikelihood, 1e-4);
        Assert.Equal(llm.LogLikelihood(new string('a', 63), " b").LogLikelihood, cut.Choices[0].LogLikelihood, 1e-4);
    }

    internal sealed class Heard(List<EvaluationProgress> heard) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => heard.Add(value);
    }
}
