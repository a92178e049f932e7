using System.Text.RegularExpressions;
using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

/// <summary>The code of docs/data.md, at work on small files.</summary>
public sealed partial class DataPageTests : ReaderTests
{
    [Fact]
    public void The_page_s_code_does_what_the_page_says()
    {
        string lines = Put("dialogues.jsonl", string.Concat(Enumerable.Range(0, 200).Select(n => $"{{\"dialogue\":\"d{n / 2}\",\"summary\":\"s{n}\"}}\n")));
        List<MalformedRow> left = [];
        var rows = Examples.FromCsv(Put("reviews.csv", "text,label\nGood.,1\nBad.\nBad.,0\n"), LeaveOut(left));
        var reviews = rows.Apply(Templates.ClassifyReview).ToList();
        Assert.Equal((2, 1, 1), (reviews.Count, rows.LeftOut, left.Count));

        var summaries = Examples.FromFile(lines).Apply(Templates.Summarise).ToList();
        Assert.Equal(200, Examples.FromFile(lines).Apply(Templates.Of("summarisation"), seed: 1).Count());

        var mixture = new Mixture(
            new Dictionary<string, IReadOnlyList<Example>> { ["summarise"] = summaries, ["classify"] = reviews },
            new() { Limit = 10_000, Temperature = 2, Seed = 1 });
        Assert.Equal(mixture.From().Take(500).Skip(200), mixture.From(position: 200).Take(300));

        Split split = Split.Of(summaries, new() { TestShare = 0.1, ValidationCount = 50, Seed = 1, GroupBy = example => example.Prompt });
        Assert.Empty(Duplicates.Between(split.Train, split.Test).Pairs);
    }

    [Fact]
    [Trait("Category", "Repository")]
    public void The_page_s_templates_are_read() =>
        Assert.Equal(["review", "squad", "tutor", "as-it-is"], Templates.FromJson(Put("templates.json", JsonBlock().Match(Page()).Groups[1].Value)).Select(template => template.Name));

    private static string Page()
    {
        DirectoryInfo at = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "LlmCourse.sln")))
            at = at.Parent ?? throw new DirectoryNotFoundException("the tests do not run from a folder inside the repository");
        return File.ReadAllText(Path.Combine(at.FullName, "docs", "data.md"));
    }

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();
}
