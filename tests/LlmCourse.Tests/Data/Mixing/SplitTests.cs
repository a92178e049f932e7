using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

public sealed class SplitTests
{
    private static readonly Example[] Thousand = [.. Enumerable.Range(0, 1000).Select(number => new Example($"p{number}", "c"))];

    [Fact]
    public void Shares_are_about_right_and_nothing_is_lost_or_doubled()
    {
        Split split = Split.Of(Thousand, new() { ValidationShare = 0.1, TestShare = 0.2, Seed = 1 });
        // Four standard deviations: 4 · √(1000 · 0.1 · 0.9) = 38, 4 · √(1000 · 0.2 · 0.8) = 51.
        Assert.InRange(split.Validation.Count, 62, 138);
        Assert.InRange(split.Test.Count, 149, 251);
        Assert.Equal(Thousand.OrderBy(example => example.Prompt), split.Train.Concat(split.Validation).Concat(split.Test).OrderBy(example => example.Prompt));
        Assert.Equal(split.Train.OrderBy(example => int.Parse(example.Prompt[1..], null)), split.Train); // in the order they came
    }

    [Fact]
    public void With_shares_an_example_stays_where_it_is_when_others_come_and_go()
    {
        SplitOptions options = new() { ValidationShare = 0.1, TestShare = 0.2, Seed = 1 };
        Split whole = Split.Of(Thousand, options), part = Split.Of(Thousand.Reverse().Skip(300), options);
        Assert.Subset(new HashSet<Example>(whole.Test), new HashSet<Example>(part.Test));
        Assert.Subset(new HashSet<Example>(whole.Validation), new HashSet<Example>(part.Validation));
        Assert.Subset(new HashSet<Example>(whole.Train), new HashSet<Example>(part.Train));
        Assert.NotEqual(whole.Test, Split.Of(Thousand, options with { Seed = 2 }).Test);
    }

    [Fact]
    public void Counts_are_exact_where_groups_are_single()
    {
        Split split = Split.Of(Thousand, new() { ValidationCount = 5, TestCount = 15 });
        Assert.Equal((980, 5, 15), (split.Train.Count, split.Validation.Count, split.Test.Count));
        Assert.Equal((900, 0, 100), Split.Of(Thousand, new() { TestCount = 100 }) is var two ? (two.Train.Count, two.Validation.Count, two.Test.Count) : default);
    }

    [Fact]
    public void A_group_is_never_torn_apart()
    {
        // 100 dialogues with three summaries each.
        Example[] examples = [.. Enumerable.Range(0, 300).Select(number => new Example($"d{number / 3}", $"s{number}"))];
        foreach (SplitOptions options in new SplitOptions[] { new() { TestShare = 0.3, ValidationShare = 0.2 }, new() { TestCount = 31, ValidationCount = 10 } })
        {
            Split split = Split.Of(examples, options with { GroupBy = example => example.Prompt });
            IEnumerable<string>[] parts = [.. new[] { split.Train, split.Validation, split.Test }.Select(part => part.Select(example => example.Prompt).Distinct())];
            Assert.Equal(100, parts.Sum(part => part.Count()));
            Assert.Equal(100, parts.SelectMany(part => part).Distinct().Count());
        }

        // Whole groups until there are enough: 31 → 33, 10 → 12.
        Split counted = Split.Of(examples, new() { TestCount = 31, ValidationCount = 10, GroupBy = example => example.Prompt });
        Assert.Equal((33, 12), (counted.Test.Count, counted.Validation.Count));
    }

    [Fact]
    public void Equal_examples_stay_together()
    {
        Split split = Split.Of(Thousand.Concat(Thousand), new() { TestShare = 0.5 });
        Assert.Empty(split.Train.Select(example => example.Prompt).Intersect(split.Test.Select(example => example.Prompt)));
    }

    [Fact]
    public void An_empty_part_and_options_that_make_no_sense_are_refused()
    {
        Assert.Contains("test part is empty", Assert.Throws<DataException>(() => Split.Of(Thousand.Take(1), new() { TestShare = 1e-9 })).Message, StringComparison.Ordinal);
        Assert.Contains("validation part is empty", Assert.Throws<DataException>(() => Split.Of(Thousand.Take(2), new() { TestCount = 2, ValidationCount = 1 })).Message, StringComparison.Ordinal);
        Assert.Contains("training part is empty", Assert.Throws<DataException>(() => Split.Of(Thousand, new() { TestCount = 1000 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Split.Of(Thousand, new() { TestShare = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Split.Of(Thousand, new() { ValidationShare = double.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Split.Of(Thousand, new() { ValidationCount = -1 }));
        Assert.Throws<ArgumentException>(() => Split.Of(Thousand, new() { TestShare = 0.1, TestCount = 1 }));
        Assert.Throws<ArgumentException>(() => Split.Of(Thousand, new() { TestShare = 0.5, ValidationShare = 0.5 }));
    }
}
