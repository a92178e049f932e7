using LlmCourse.Data;
using LlmCourse.Tokenization.Chat;
using static LlmCourse.Tests.Data.DataRecordTests;

namespace LlmCourse.Tests.Data;

public sealed class ExamplesTests : ReaderTests
{
    private static readonly ExampleTemplate[] Three = [.. "abc".Select(letter => new ExampleTemplate { Name = $"{letter}", Prompt = new($"{letter}{{n}}"), Completion = new("x") })];

    [Fact]
    public void From_a_file_to_examples()
    {
        string path = Put("dialogues.jsonl", "{\"dialogue\":\"A: Hi.\",\"summary\":\"They greet.\"}\n");
        Example example = Assert.Single(Examples.FromJsonLines(path).Apply(Templates.Summarise));
        Assert.Equal("\nSummarize the following conversation.\n\nA: Hi.\n\nSummary:\n", example.Prompt);
        Assert.Equal(("They greet.", "summarisation", path + ":1"), (example.Completion, example.Task, example.Source));
    }

    [Fact]
    public void Examples_are_made_while_they_are_asked_for()
    {
        int read = 0;
        IEnumerable<Example> examples = Rows(10).Select(row => (read++, row).row).Apply(Three[0]);
        Assert.Equal(0, read);
        Assert.Equal(["a0", "a1"], examples.Take(2).Select(example => example.Prompt));
        Assert.Equal(2, read);
    }

    [Fact]
    public void Several_templates_take_turns_in_an_order_that_depends_on_seed_and_place_alone()
    {
        string[] once = [.. Rows(300).Apply(Three, seed: 5).Select(example => example.Prompt)];
        Assert.Equal(once, Rows(300).Apply(Three, seed: 5).Select(example => example.Prompt));
        Assert.Equal(once[..100], Rows(100).Apply(Three, seed: 5).Select(example => example.Prompt));
        Assert.NotEqual(once, Rows(300).Apply(Three, seed: 6).Select(example => example.Prompt));
        Assert.All(once.Chunk(3), run => Assert.Equal("abc", string.Concat(run.Select(prompt => prompt[0]).Order())));
        // Six orders of three; 100 draws miss one of them with a probability below 6 · (5/6)^100 = 1e-7.
        Assert.Equal(6, once.Chunk(3).Select(run => string.Concat(run.Select(prompt => prompt[0]))).Distinct().Count());
        Assert.Throws<ArgumentException>(() => Rows(1).Apply([], seed: 0));
    }

    [Fact]
    public void An_example_is_a_prompt_or_a_conversation()
    {
        Assert.Equal(["c"], new Example("p", "c").References);
        Assert.Equal(["c", "d"], (new Example("p", "c") with { References = ["c", "d"] }).References);
        Assert.Equal(["b"], new Example([new ChatMessage("user", "a"), new ChatMessage("assistant", "b")]).References);
        Assert.Throws<ArgumentException>(() => new Example([]));
    }

    private static IEnumerable<DataRecord> Rows(int count) => Enumerable.Range(0, count).Select(n => Of(("n", (long)n)));
}
