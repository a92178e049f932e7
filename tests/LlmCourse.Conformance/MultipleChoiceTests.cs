using System.Globalization;
using LlmCourse.Data;
using LlmCourse.Evaluation;

namespace LlmCourse.Conformance;

/// <summary>
/// Multiple-choice questions of <c>data/mmlu/dev</c> answered by every real language model that has a tokenizer. There are no golden
/// answers: the shared reading of a question must give what a plain call gives for each answer.
/// </summary>
[Trait("Kind", "Real")]
[Collection(RealModels.Collection)]
public sealed class MultipleChoiceTests(RealModels models)
{
    public static TheoryData<string> Models() => RealModels.Cases("perplexity.json");

    [SkippableTheory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Models))]
    public void Questions_read_once_score_as_each_answer_by_itself(string file)
    {
        _ = RealModels.Json(file);
        string folder = Path.Combine(Shared.Folder!, "data", "mmlu", "dev");
        Skip.IfNot(Directory.Exists(folder), "the questions are not here");
        Llm llm = models.Of(file).Llm;
        ChoiceQuestion[] all = [.. Directory.EnumerateFiles(folder, "*.csv").Order(StringComparer.Ordinal).Take(4).SelectMany(path => Questions(path).Take(3))];
        ChoiceQuestion[] questions = [.. all.Select((question, i) => question.WithShots(all.Where((other, k) => k != i && other.Subject == question.Subject)))];
        ChoiceEvaluation found = llm.EvaluateChoices(questions);
        Assert.InRange(found.Accuracy.Value, 0, 1);
        for (int i = 0; i < questions.Length; i++)
        {
            Assert.Equal(["A", "B", "C", "D"], found.Results[i].Choices.Select(choice => choice.Text));
            Assert.All(found.Results[i].Choices, choice => Assert.Equal(1, choice.Tokens));
            // A model of words knows that a letter comes now: the four have most of the probability.
            Assert.True(found.Results[i].Choices.Sum(choice => Math.Exp(choice.LogLikelihood)) > 0.5);
        }

        IReadOnlyList<ContinuationScore> alone = llm.LogLikelihoods([.. questions[..3].SelectMany(question => question.Options.Select(option => (question.Context, " " + option)))]);
        Assert.All(alone.Zip(found.Results.Take(3).SelectMany(result => result.Choices)), both => Assert.Equal(both.First.LogLikelihood, both.Second.LogLikelihood, 1e-3));
    }

    private static IEnumerable<ChoiceQuestion> Questions(string path) => Examples.FromCsv(path).Select(row => Question(row) with { Subject = Path.GetFileNameWithoutExtension(path) });

    private static ChoiceQuestion Question(DataRecord row) => ChoiceQuestion.Lettered(
        row.Get<string>("question"), [.. Enumerable.Range(0, 4).Select(i => row.Get<string>($"choice{i}"))], int.Parse(row.Get<string>("answer"), CultureInfo.InvariantCulture));
}
