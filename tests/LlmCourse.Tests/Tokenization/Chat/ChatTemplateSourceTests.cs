using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Tests.Tokenization.Chat;

public sealed class ChatTemplateSourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chat-template-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_without_a_template_has_none()
    {
        Write("tokenizer_config.json", """{"model_max_length": 5}""");

        Assert.Null(ChatTemplateSource.Find(_folder));
    }

    [Fact]
    public void The_configuration_may_hold_one_template()
    {
        Write("tokenizer_config.json", """{"chat_template": "one"}""");

        Assert.Equal("one", ChatTemplateSource.Find(_folder));
        Assert.Null(ChatTemplateSource.Find(_folder, "tool_use"));
    }

    [Fact]
    public void The_configuration_may_hold_several_by_name()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "one"}, {"name": "tool_use", "template": "two"}]}""");

        Assert.Equal("one", ChatTemplateSource.Find(_folder));
        Assert.Equal("two", ChatTemplateSource.Find(_folder, "tool_use"));
        Assert.Null(ChatTemplateSource.Find(_folder, "rag"));
    }

    [Fact]
    public void A_separate_file_wins()
    {
        Write("tokenizer_config.json", """{"chat_template": "one"}""");
        Write("chat_template.jinja", "file");
        Directory.CreateDirectory(Path.Combine(_folder, "additional_chat_templates"));
        Write(Path.Combine("additional_chat_templates", "tool_use.jinja"), "named file");

        Assert.Equal("file", ChatTemplateSource.Find(_folder));
        Assert.Equal("named file", ChatTemplateSource.Find(_folder, "tool_use"));
    }

    [Theory]
    [InlineData("""{"chat_template": 5}""")]
    [InlineData("""{"chat_template": [{"name": "default"}]}""")]
    [InlineData("{")]
    public void A_malformed_configuration_is_named(string json)
    {
        Write("tokenizer_config.json", json);

        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplateSource.Find(_folder));

        Assert.Contains("tokenizer_config.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_cannot_lead_out_of_the_folder() =>
        Assert.Throws<ArgumentException>(() => ChatTemplateSource.Find(_folder, "../secret"));

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
