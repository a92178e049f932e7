using LlmCourse.Generation;
using LlmCourse.Prompting;

namespace LlmCourse.Tests.Prompting;

public sealed class FewShotTests
{
    /// <summary>The course's own example.</summary>
    private static FewShot Reviews() => new("Classify this review: {text}\nSentiment: {label}")
    {
        ("I loved this movie!", "Positive"),
        ("I don't like this album!", "Negative"),
    };

    [Fact]
    public void Zero_shot_is_the_question_alone() => Assert.Equal(
        "Classify this review: I don't like this song!\nSentiment:",
        Reviews().Build(["I don't like this song!"], new() { Count = 0 }).Text);

    [Fact]
    public void One_shot_has_one_example() => Assert.Equal(
        "Classify this review: I loved this movie!\nSentiment: Positive\n\nClassify this review: I don't like this song!\nSentiment:",
        Reviews().Build(["I don't like this song!"], new() { Count = 1 }).Text);

    [Fact]
    public void Few_shot_has_all_of_them_and_no_blank_before_the_answer() => Assert.Equal(
        "Classify this review: I loved this movie!\nSentiment: Positive\n\n"
        + "Classify this review: I don't like this album!\nSentiment: Negative\n\n"
        + "Classify this review: I don't like this song!\nSentiment:",
        Reviews().Ask("I don't like this song!"));

    [Fact]
    public void The_lab_s_one_shot_prompt()
    {
        FewShot shots = new(SummarisationTemplates.FlanWithSummary, SummarisationTemplates.ShotSeparator) { ("A: Hi.\nB: Hi.", "They greet.") };
        Assert.Equal(
            "\nDialogue:\n\nA: Hi.\nB: Hi.\n\nWhat was going on?\nThey greet.\n\n\n" + SummarisationTemplates.Flan.Format(("dialogue", "A: Bye.")),
            shots.Ask("A: Bye."));
    }

    [Fact]
    public void More_fields_take_their_values_in_order()
    {
        FewShot shots = new("{context}\nQ: {question}\nA: {answer}", separator: "\n--\n", instruction: "Answer from the context.\n\n")
        {
            { "Lisbon is in Portugal.", "Where is Lisbon?", "Portugal" },
        };
        Assert.Equal(
            "Answer from the context.\n\nLisbon is in Portugal.\nQ: Where is Lisbon?\nA: Portugal\n--\nOslo is cold.\nQ: Is Oslo warm?\nA:",
            shots.Ask("Oslo is cold.", "Is Oslo warm?"));
        Assert.Equal(["Lisbon is in Portugal.", "Where is Lisbon?", "Portugal"], Assert.Single(shots));
    }

    [Fact]
    public void Braces_in_values_are_text() =>
        Assert.EndsWith("review: {label} }\nSentiment:", Reviews().Ask("{label} }"), StringComparison.Ordinal);

    [Fact]
    public void Shuffling_is_a_permutation_that_depends_on_the_seed_only()
    {
        FewShot shots = new("{n}={m}");
        for (int i = 0; i < 8; i++)
            shots.Add(($"{i}", "x"));
        string[] orders = [.. Enumerable.Range(0, 20).Select(seed => shots.Build(["q"], new() { ShuffleSeed = seed }).Text)];
        Assert.Equal(orders[3], shots.Build(["q"], new() { ShuffleSeed = 3 }).Text);
        Assert.True(orders.Distinct().Count() > 15);
        Assert.All(orders, order => Assert.Equal(8, Enumerable.Range(0, 8).Count(i => order.Contains($"{i}=x\n\n", StringComparison.Ordinal))));
        Assert.Equal(8, orders.Select(order => order[0]).Distinct().Count());
    }

    [Fact]
    public void A_token_budget_drops_the_last_examples_and_tells()
    {
        FewShot shots = Reviews();
        string all = shots.Ask("q");
        Assert.Equal((2, 0), Shots(all.Length));
        Assert.Equal((1, 1), Shots(all.Length - 1));
        string none = shots.Build(["q"], new() { Count = 0 }).Text;
        Assert.Equal((0, 2), Shots(none.Length));
        Assert.Contains($"TokenBudget is {none.Length - 1}", Assert.Throws<PromptTooLongException>(() => Shots(none.Length - 1)).Message, StringComparison.Ordinal);

        (int, int) Shots(int budget)
        {
            FewShotPrompt prompt = shots.Build(["q"], new() { TokenBudget = budget, CountTokens = text => text.Length });
            Assert.True(prompt.Text.Length <= budget);
            return (prompt.Shots, prompt.Dropped);
        }
    }

    [Fact]
    public void Misuse_is_named()
    {
        Assert.Contains("{label}", Assert.Throws<ArgumentException>(() => new FewShot("{text} {label} end")).Message, StringComparison.Ordinal);
        Assert.Contains("{label}", Assert.Throws<ArgumentException>(() => new FewShot("{label} {text} {label}")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new FewShot("no field"));
        Assert.Contains("text, label", Assert.Throws<ArgumentException>(() => Reviews().Add("one")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Reviews().Ask("one", "two"));
        Assert.Throws<ArgumentOutOfRangeException>(() => Reviews().Build(["q"], new() { Count = 3 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Reviews().Build(["q"], new() { Count = -1 }));
        Assert.Contains("CountTokens", Assert.Throws<ArgumentException>(() => Reviews().Build(["q"], new() { TokenBudget = 5 })).Message, StringComparison.Ordinal);
    }
}
