using System.Text.Json;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Tests.Tokenization.Chat;

public sealed class ChatTemplateTests
{
    private const string Simple =
        "{% for m in messages %}<{{ m['role'] }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

    private static readonly ChatMessage[] Hello = [new("user", "Hello")];

    [Fact]
    public void A_conversation_is_written_turn_by_turn()
    {
        ChatMessage[] messages = [new("system", "Be brief."), new("user", "{{ not a template }}")];

        Assert.Equal("<system>Be brief.\n<user>{{ not a template }}\n<assistant>", ChatTemplate.Parse(Simple).Render(messages));
    }

    [Fact]
    public void Without_the_generation_prompt_the_text_ends_with_the_last_turn() =>
        Assert.Equal("<user>Hello\n", ChatTemplate.Parse(Simple).Render(Hello, addGenerationPrompt: false));

    [Fact]
    public void Variables_reach_the_template()
    {
        var variables = new Dictionary<string, object?>
        {
            ["bos_token"] = "<s>",
            ["count"] = 3,
            ["tools"] = new List<object?> { new Dictionary<string, object?> { ["name"] = "add" } },
        };

        string text = ChatTemplate.Parse("{{ bos_token }}{{ count + 1 }}{{ tools[0].name }}").Render(Hello, variables: variables);

        Assert.Equal("<s>4add", text);
    }

    [Fact]
    public void A_variable_of_a_foreign_type_is_refused_by_name()
    {
        var variables = new Dictionary<string, object?> { ["box"] = new Dictionary<string, object?> { ["inner"] = new Version() } };

        var error = Assert.Throws<ArgumentException>(() => ChatTemplate.Parse("x").Render(Hello, variables: variables));

        Assert.Contains("'inner'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_conversation_is_refused()
    {
        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(Simple).Render([]));

        Assert.Equal(ChatTemplateError.Evaluation, error.Error);
    }

    [Fact]
    public void What_the_template_raises_comes_with_its_message_and_line()
    {
        var template = ChatTemplate.Parse("\n{% if messages|length < 2 %}\n{{ raise_exception('too ' ~ 'short') }}\n{% endif %}");

        var error = Assert.Throws<ChatTemplateException>(() => template.Render(Hello));

        Assert.Equal(ChatTemplateError.Raised, error.Error);
        Assert.Equal(3, error.Line);
        Assert.EndsWith("too short", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_with_null_values_are_as_good_as_absent()
    {
        using JsonDocument messages = JsonDocument.Parse("""[{"role":"assistant","content":null,"tool_calls":[{"f":1.0}]}]""");

        string text = ChatTemplate.Parse("{{ 'content' in messages[0] }} {{ messages[0].tool_calls|tojson }}").Render(messages.RootElement).Text;

        Assert.Equal("False [{\"f\": 1.0}]", text);
    }

    [Theory]
    [InlineData("""{"thinking": "t", "role": "r"}""", "{'thinking': 't', 'role': 'r', 'reasoning_content': 't'}")]
    [InlineData("""{"role": "r", "reasoning": "t"}""", "{'thinking': 't', 'role': 'r', 'reasoning': 't', 'reasoning_content': 't'}")]
    [InlineData("""{"role": "r", "thinking": null}""", "{'role': 'r'}")]
    public void Reasoning_goes_by_all_its_names(string message, string expected)
    {
        using JsonDocument messages = JsonDocument.Parse($"[{message}]");

        Assert.Equal(expected, ChatTemplate.Parse("{{ messages[0] }}").Render(messages.RootElement).Text);
    }

    [Fact]
    public void A_final_message_of_parts_can_be_continued_but_not_one_that_is_written_in_part()
    {
        using JsonDocument parts = JsonDocument.Parse("""[{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"image"}]}]""");
        using JsonDocument whole = JsonDocument.Parse("""[{"content":"think|say"}]""");

        string text = ChatTemplate.Parse("{% for p in messages[0].content %}<{{ p.text }}>{% endfor %}").Render(parts.RootElement, addGenerationPrompt: false, continueFinalMessage: true).Text;

        Assert.Equal("<a><b", text);
        var cutting = ChatTemplate.Parse("{{ messages[0].content.split('|')[1] }}");
        Assert.Throws<ChatTemplateException>(() => cutting.Render(whole.RootElement, addGenerationPrompt: false, continueFinalMessage: true));
    }

    [Theory]
    [InlineData("<{{ messages[0].content }}>", "<Hello ")]
    [InlineData("<{{ messages[0].content|trim }}>", "<Hello")]
    public void A_final_message_can_be_continued(string template, string expected)
    {
        using JsonDocument messages = JsonDocument.Parse("""[{"role":"assistant","content":"Hello "}]""");

        string text = ChatTemplate.Parse(template).Render(messages.RootElement, addGenerationPrompt: false, continueFinalMessage: true).Text;

        Assert.Equal(expected, text);
    }

    [Fact]
    public void Generation_blocks_mark_what_the_assistant_says()
    {
        using JsonDocument messages = JsonDocument.Parse("""[{"role":"user","content":"a"},{"role":"assistant","content":"bc"}]""");
        var template = ChatTemplate.Parse(
            "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% else %}{% generation %}{{ m.content }}{% endgeneration %}{% endif %};{% endfor %}");

        RenderedChat chat = template.Render(messages.RootElement);

        Assert.Equal("a;bc;", chat.Text);
        Assert.Equal([(2, 4)], chat.AssistantSpans);
    }

    [Fact]
    public void The_date_comes_from_the_clock_passed_in()
    {
        var template = ChatTemplate.Parse("{{ strftime_now('%d %b %Y, %A %j %H:%M %-d') }}");

        Assert.Equal("02 Jan 2025, Thursday 002 03:04 2", template.Render(Hello, clock: new FixedClock()));
    }

    private sealed class FixedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2025, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }
}
