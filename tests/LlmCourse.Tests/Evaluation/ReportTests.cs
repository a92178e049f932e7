using System.Text.Json;
using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class ReportTests
{
    private static Report Example()
    {
        Report report = new("Two dialogues");
        report.Add("ROUGE-1 F1", "original", new Estimate(0.23125, 0.2, 0.26));
        report.Add("ROUGE-1 F1", "tuned", new Estimate(0.4, 0.35, 0.45));
        report.Add("perplexity", "tuned", 12.3456);
        return report;
    }

    [Fact]
    public void Prints_a_table() => Assert.Equal(
        "Two dialogues\n"
        + "            original                 tuned\n"
        + "ROUGE-1 F1  0.2313 [0.2000, 0.2600]  0.4000 [0.3500, 0.4500]\n"
        + "perplexity                           12.35\n",
        Example().ToString());

    [Fact]
    public void Writes_Markdown()
    {
        Report report = Example();
        report.Add("a|b", "tuned", double.PositiveInfinity);
        Assert.Equal(
            "## Two dialogues\n\n"
            + "|  | original | tuned |\n| --- | --- | --- |\n"
            + "| ROUGE-1 F1 | 0.2313 [0.2000, 0.2600] | 0.4000 [0.3500, 0.4500] |\n"
            + "| perplexity |  | 12.35 |\n"
            + "| a\\|b |  | Infinity |\n",
            report.ToMarkdown());
    }

    [Fact]
    public void Writes_JSON_unrounded()
    {
        JsonElement json = JsonDocument.Parse(Example().ToJson()).RootElement;
        Assert.Equal("Two dialogues", json.GetProperty("title").GetString());
        JsonElement rouge = json.GetProperty("metrics")[0], perplexity = json.GetProperty("metrics")[1];
        Assert.Equal("ROUGE-1 F1", rouge.GetProperty("metric").GetString());
        JsonElement first = rouge.GetProperty("systems")[0];
        Assert.Equal(("original", 0.23125, 0.2, 0.26), (first.GetProperty("system").GetString(), first.GetProperty("value").GetDouble(), first.GetProperty("low").GetDouble(), first.GetProperty("high").GetDouble()));
        Assert.Equal(1, perplexity.GetProperty("systems").GetArrayLength());
        Assert.False(perplexity.GetProperty("systems")[0].TryGetProperty("low", out _));
    }

    [Fact]
    public void Saves_what_the_name_asks_for()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            foreach ((string name, string content) in new[] { ("a.md", Example().ToMarkdown()), ("a.JSON", Example().ToJson()), ("a.txt", Example().ToString()) })
            {
                Example().Save(Path.Combine(folder, name));
                Assert.Equal(content, File.ReadAllText(Path.Combine(folder, name)));
            }

            Assert.Contains(".md, .json or .txt", Assert.Throws<ArgumentException>(() => Example().Save(Path.Combine(folder, "a.pdf"))).Message, StringComparison.Ordinal);
            Assert.Equal(3, Directory.GetFiles(folder).Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_figure_is_added_once() =>
        Assert.Contains("'tuned' has a figure of 'perplexity'", Assert.Throws<ArgumentException>(() => Example().Add("perplexity", "tuned", 1)).Message, StringComparison.Ordinal);

    [Fact]
    public void Forgetting_names_the_tasks_that_lost_more_than_noise()
    {
        ForgettingReport report = new("After 500 summaries",
        [
            Task("summaries", 0.2, 0.4, 0.15, 0.25),
            Task("questions", 0.5, 0.48, -0.05, 0.01),
            Task("reviews", 0.8, 0.7, -0.15, -0.05),
            Task("translation", 0.4, 0.2, -0.25, -0.15),
            Task("text", 12, 15, 2, 4, lowerIsBetter: true),
        ]);
        Assert.Equal([TaskVerdict.Gained, TaskVerdict.Unchanged, TaskVerdict.Lost, TaskVerdict.Lost, TaskVerdict.Lost], report.Tasks.Select(task => task.Verdict));
        // By share: a half, a quarter, an eighth.
        Assert.Equal(["translation", "text", "reviews"], report.Lost.Select(task => task.Task));
        Assert.EndsWith("Lost more than noise: translation, text, reviews.\n", report.ToString(), StringComparison.Ordinal);
        Assert.Contains("| text (lower is better) | 12.00 | 15.00 | 3.0000 [2.0000, 4.0000] | 0.0100 | lost |", report.ToMarkdown(), StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(report.ToJson()).RootElement.GetProperty("tasks")[2];
        Assert.Equal(("reviews", 0.8, 0.7, "lost"), (json.GetProperty("task").GetString(), json.GetProperty("before").GetDouble(), json.GetProperty("after").GetDouble(), json.GetProperty("verdict").GetString()));
    }

    [Fact]
    public void Nothing_forgotten_is_said_too() =>
        Assert.EndsWith("No task of 1 lost more than noise.\n", new ForgettingReport("", [Task("a", 1, 1, -1, 1)]).ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_lower_error_is_a_gain() => Assert.Equal(TaskVerdict.Gained, Task("errors", 0.4, 0.2, -0.3, -0.1, lowerIsBetter: true).Verdict);

    [Fact]
    public void Tasks_have_different_names()
    {
        Assert.Throws<ArgumentException>(() => new ForgettingReport("", []));
        Assert.Contains("'a' is there twice", Assert.Throws<ArgumentException>(() => new ForgettingReport("", [Task("a", 1, 1, 0, 0), Task("a", 1, 1, 0, 0)])).Message, StringComparison.Ordinal);
    }

    private static TaskChange Task(string name, double before, double after, double low, double high, bool lowerIsBetter = false) =>
        new(name, new PairedComparison(before, after, new Estimate(after - before, low, high), 0.01, 0.5), lowerIsBetter);
}
