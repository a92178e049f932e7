using LlmCourse.Data;
using LlmCourse.Tokenization.Chat;
using static LlmCourse.Tests.Data.DataRecordTests;

namespace LlmCourse.Tests.Data;

public sealed class ExampleTemplateTests
{
    private static readonly ExampleTemplate Plain = new() { Name = "plain", Task = "t", Prompt = new("Q: {q}\nA: "), Completion = new("{a}") };

    [Fact]
    public void Gaps_are_fields()
    {
        Example example = Plain.Fill(Of(("q", "Is {a} a gap?"), ("a", "No."), ("unused", null)));
        Assert.Equal(("Q: Is {a} a gap?\nA: ", "No.", "t", "rows.jsonl:7"), (example.Prompt, example.Completion, example.Task, example.Source));
        Assert.Equal(["No."], example.References);
        Assert.Empty(example.Messages);
    }

    [Theory]
    [InlineData(7L, "7")]
    [InlineData(1.5, "1.5")]
    [InlineData(true, "true")]
    public void Plain_values_are_written_the_same_way_everywhere(object value, string text) =>
        Assert.Equal(text, Plain.Fill(Of(("q", ""), ("a", value))).Completion);

    [Fact]
    public void Lists_of_plain_values_are_written_with_commas() =>
        Assert.Equal("Lisbon, 7, Ana", Plain.Fill(Of(("q", ""), ("a", new object?[] { "Lisbon", 7L, "Ana" }))).Completion);

    [Fact]
    public void Paths_lead_into_objects_and_lists()
    {
        ExampleTemplate template = new() { Name = "squad", Prompt = new("{translation.en}"), Completion = new("{answers.text.0}"), References = ["answers.text"] };
        Example example = template.Fill(Of(
            ("translation", new Dictionary<string, object?> { ["en"] = "dog" }),
            ("answers", new Dictionary<string, object?> { ["text"] = new object?[] { "one", "two" } })));
        Assert.Equal(("dog", "one"), (example.Prompt, example.Completion));
        Assert.Equal(["one", "two"], example.References);
    }

    [Fact]
    public void References_come_from_several_fields()
    {
        ExampleTemplate template = Plain with { References = ["a", "b"] };
        Assert.Equal(["1", "2", "3"], template.Fill(Of(("q", ""), ("a", "1"), ("b", new object?[] { "2", "3" }))).References);
        Assert.Contains("\"b\" is an empty list", Assert.Throws<DataException>(() => template.Fill(Of(("q", ""), ("a", "1"), ("b", Array.Empty<object?>())))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_are_words_and_an_unknown_one_is_an_error()
    {
        ExampleTemplate template = Plain with { Labels = new Dictionary<string, IReadOnlyDictionary<string, string>> { ["a"] = new Dictionary<string, string> { ["0"] = "negative", ["1"] = "positive" } } };
        Assert.Equal("negative", template.Fill(Of(("q", ""), ("a", 0L))).Completion);
        Assert.Equal("positive", template.Fill(Of(("q", ""), ("a", "1"))).Completion);
        Assert.Equal("rows.jsonl:7: the field \"a\" is \"2\", for which the template \"plain\" has no word; it has \"0\", \"1\".",
            Assert.Throws<DataException>(() => template.Fill(Of(("q", ""), ("a", 2L)))).Message);
    }

    [Fact]
    public void A_missing_or_unfit_field_is_an_error_that_names_field_template_and_row()
    {
        Assert.Equal("rows.jsonl:7: there is no field \"a\", which the template \"plain\" needs; the row has \"q\".", Assert.Throws<DataException>(() => Plain.Fill(Of(("q", "")))).Message);
        Assert.Equal("rows.jsonl:7: the field \"a\" is null; the template \"plain\" needs a text or number there.", Assert.Throws<DataException>(() => Plain.Fill(Of(("q", ""), ("a", null)))).Message);
        Assert.Contains("is an object", Assert.Throws<DataException>(() => Plain.Fill(Of(("q", ""), ("a", new Dictionary<string, object?>())))).Message, StringComparison.Ordinal);
        Assert.Contains("is a list", Assert.Throws<DataException>(() => Plain.Fill(Of(("q", ""), ("a", new object?[] { null })))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Turns_have_gaps_too()
    {
        ExampleTemplate template = new() { Name = "chat", Messages = [("system", new("Be {how}.")), ("user", new("{q}")), ("assistant", new("{a}"))] };
        Example example = template.Fill(Of(("how", "brief"), ("q", "Why?"), ("a", "So.")));
        Assert.Equal([new ChatMessage("system", "Be brief."), new ChatMessage("user", "Why?"), new ChatMessage("assistant", "So.")], example.Messages);
        Assert.Equal(["So."], example.References);
        Assert.Equal(("", ""), (example.Prompt, example.Completion));
    }

    [Fact]
    public void A_finished_conversation_is_taken_as_it_is()
    {
        ExampleTemplate template = ExampleTemplate.FromMessages();
        object? Turn(object? role, object? content) => new Dictionary<string, object?> { ["role"] = role, ["content"] = content, ["more"] = 1L };
        Assert.Equal([new ChatMessage("user", "{x}"), new ChatMessage("assistant", "b")], template.Fill(Of(("messages", new[] { Turn("user", "{x}"), Turn("assistant", "b") }))).Messages);
        Assert.Equal("rows.jsonl:7: turn 1 of the field \"messages\" has no text \"content\".", Assert.Throws<DataException>(() => template.Fill(Of(("messages", new[] { Turn("user", "a"), Turn("user", null) })))).Message);
        Assert.Contains("needs a list of turns", Assert.Throws<DataException>(() => template.Fill(Of(("messages", "text")))).Message, StringComparison.Ordinal);
        Assert.Contains("an empty list", Assert.Throws<DataException>(() => template.Fill(Of(("messages", Array.Empty<object?>())))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_with_too_little_or_too_much_is_refused_before_a_row_is_read()
    {
        DataRecord[] rows = [Of(("q", ""))];
        Assert.Contains("template \"x\"", Assert.Throws<DataException>(() => rows.Apply(new ExampleTemplate { Name = "x" })).Message, StringComparison.Ordinal);
        Assert.Throws<DataException>(() => rows.Apply(new ExampleTemplate { Name = "x", Prompt = new("{q}") }));
        Assert.Throws<DataException>(() => rows.Apply(Plain with { MessagesField = "m" }));
        Assert.Throws<DataException>(() => rows.Apply(Plain with { Name = " " }));
        Assert.Throws<DataException>(() => rows.Apply(new ExampleTemplate { Name = "x", Messages = [("", new("{q}"))] }));
    }
}
