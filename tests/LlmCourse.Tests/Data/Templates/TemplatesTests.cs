using System.Text;
using LlmCourse.Data;
using LlmCourse.Prompting;
using LlmCourse.Tests.Checkpoints;
using static LlmCourse.Tests.Data.DataRecordTests;

namespace LlmCourse.Tests.Data;

public sealed class TemplatesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("summarisation")]
    [InlineData("review-classification")]
    [InlineData("entity-extraction")]
    [InlineData("translation")]
    [InlineData("question-answering")]
    public void Every_task_has_several_wordings_of_one_thing(string task)
    {
        DataRecord row = Of(("dialogue", "d"), ("summary", "s"), ("text", "t"), ("label", 1L), ("entities", new object?[] { "e", "f" }), ("language", "German"), ("translation", "u"), ("context", "c"), ("question", "q"), ("answer", "a"));
        Example[] examples = [.. Templates.Of(task).Select(template => template.Fill(row))];
        Assert.True(examples.Length >= 3);
        Assert.Single(examples.Select(example => example.Completion).Distinct());
        Assert.Equal(examples.Length, examples.Select(example => example.Prompt).Distinct().Count());
        Assert.All(examples, example => Assert.True(example.Prompt.EndsWith('\n') && !char.IsWhiteSpace(example.Completion[0]) && example.Task == task));
        Example chat = Assert.Single(Templates.Of(task, chat: true)).Fill(row);
        Assert.Equal(("assistant", examples[0].Completion), (chat.Messages[^1].Role, chat.Messages[^1].Content));
        Assert.Throws<ArgumentException>(() => Templates.Of(task + "s"));
    }

    [Fact]
    public void The_course_s_own_prompts_are_the_course_s()
    {
        // The third lab's prompt, and the template that FLAN-T5 was trained with as the first lab has it.
        Assert.Equal("\nSummarize the following conversation.\n\n{dialogue}\n\nSummary:\n", Templates.Summarise.Prompt!.Text);
        Assert.Contains(Templates.Of("summarisation"), template => template.Prompt!.Text == SummarisationTemplates.Flan.Text);
        Assert.Equal("Classify this review: I loved it!\nSentiment:\n", Templates.ClassifyReview.Fill(Of(("text", "I loved it!"), ("label", 0L))).Prompt);
        Assert.Equal("negative", Templates.ClassifyReview.Fill(Of(("text", ""), ("label", 0L))).Completion);
        Assert.Equal(["entity-extraction", "translation", "question-answering"], new[] { Templates.ExtractEntities, Templates.Translate, Templates.AnswerQuestion }.Select(template => template.Task));
    }

    [Fact]
    public void A_file_of_one_s_own_has_all_there_is()
    {
        IReadOnlyList<ExampleTemplate> templates = Templates.FromJson(Put("""
            { "templates": [
              { "name": "a", "task": "t", "prompt": "{{{x}}}", "completion": "{y}", "references": ["y", "z"], "labels": { "y": { "0": "no" } } },
              { "name": "b", "messages": [ { "role": "user", "content": "{x}?" }, { "role": "assistant", "content": "{y}" } ] },
              { "name": "c", "messagesField": "turns" } ] }
            """));
        Example first = templates[0].Fill(Of(("x", "1"), ("y", 0L), ("z", "w")));
        Assert.Equal(("{1}", "no", "t"), (first.Prompt, first.Completion, first.Task));
        Assert.Equal(["no", "w"], first.References);
        Assert.Equal("1?", templates[1].Fill(Of(("x", "1"), ("y", "2"))).Messages[0].Content);
        Assert.Equal("turns", templates[2].MessagesField);
    }

    [Theory]
    [InlineData("""{ "templates": [ { "name": "a", "prompt": "{x", "completion": "y" } ] }""", "template \"a\": property \"prompt\": The brace at position 0")]
    [InlineData("""{ "templates": [ { "name": "a", "messages": [ { "role": "user", "content": "{}" } ] } ] }""", "template \"a\": property \"messages[0].content\": The field at position 0")]
    [InlineData("""{ "templates": [ { "name": "a", "promt": "x", "completion": "y" } ] }""", "template \"a\"")]
    [InlineData("""{ "templates": [ { "name": "a", "prompt": 7, "completion": "y" } ] }""", "template \"a\", property \"prompt\"")]
    [InlineData("""{ "templates": [ { "name": "a", "messages": [ { "role": "user" } ] } ] }""", "template \"a\"")]
    [InlineData("""{ "templates": [ { "name": "a", "prompt": "x" } ] }""", "template \"a\": it must have either Prompt and Completion")]
    [InlineData("""{ "templates": [ { "name": "a", "prompt": "x", "completion": "y" }, { "prompt": "x" } ] }""", "template number 2")]
    [InlineData("""{ "templates": [ { "name": "a", "prompt": "x", "completion": "y" }, { "name": "a", "prompt": "x", "completion": "y" } ] }""", "the template \"a\" is there twice")]
    [InlineData("""{ "templates": [ { "name": "a", "name": "b", "prompt": "x", "completion": "y" } ] }""", "\"b\"")]
    [InlineData("""{ "templates": [ null ] }""", "template number 1")]
    [InlineData("""{ "templates": [] }""", "it has no templates")]
    [InlineData("""{ "templates": [], "more": 1 }""", "nothing but \"templates\"")]
    [InlineData("""[]""", "an object with an array \"templates\"")]
    [InlineData("{ \"templates\":\n [ }", ":2: it is not JSON")]
    public void A_wrong_file_is_refused_by_file_template_and_property(string json, string problem)
    {
        string path = Put(json);
        string message = Assert.Throws<DataException>(() => Templates.FromJson(path)).Message;
        Assert.StartsWith(path + ":", message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_refused() =>
        Assert.Contains("no such file", Assert.Throws<DataException>(() => Templates.FromJson(_folder["absent"])).Message, StringComparison.Ordinal);

    private string Put(string json) => _folder.Write("templates.json", Encoding.UTF8.GetBytes(json));
}
