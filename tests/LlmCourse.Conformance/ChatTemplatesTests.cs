using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Conformance;

/// <summary>Chat templates: every template with every conversation, and small programs for single features of the language.</summary>
[Trait("Kind", "ChatTemplates")]
public sealed class ChatTemplatesTests
{
    private const string Kind = "chat-templates";
    private const string Rendered = "rendered.json";
    private const string Programs = "jinja.json";
    private const string Nothing = "(none)";
    private static readonly ConcurrentDictionary<string, JsonElement> Files = new();

    public static TheoryData<string> RenderedCases() => Cases(Rendered, NameOfRendering);

    public static TheoryData<string> ProgramCases() => Cases(Programs, c => Text(c, "template"));

    [SkippableTheory]
    [MemberData(nameof(RenderedCases))]
    public void Conversations_are_written_as_the_reference_writes_them(string name)
    {
        JsonElement test = Find(Rendered, name);
        JsonElement template = Single(Load("templates.json"), Text(test, "template"));
        JsonElement file = Load("conversations.json");
        JsonElement conversation = Single(file.GetProperty("conversations"), Text(test, "conversation"));

        var variables = new Dictionary<string, object?>();
        AddAll(variables, template, "special_tokens");
        if (Flag(conversation, "tools"))
            variables["tools"] = file.GetProperty("tools");
        AddAll(variables, test, "kwargs");
        Check(test, () => ChatTemplate.Parse(Text(template, "template")).Render(
            conversation.GetProperty("messages"), Flag(test, "add_generation_prompt"), Flag(test, "continue_final_message"), variables).Text);
    }

    [SkippableTheory]
    [MemberData(nameof(ProgramCases))]
    public void Programs_give_what_the_reference_gives(string name)
    {
        JsonElement test = Find(Programs, name);
        var variables = new Dictionary<string, object?>();
        AddAll(variables, Load(Programs), "variables");
        Check(test, () => ChatTemplate.Parse(Text(test, "template")).RenderProgram(variables).Text);
    }

    private static void Check(JsonElement test, Func<string> render)
    {
        if (test.TryGetProperty("expected", out JsonElement expected))
        {
            try
            {
                Assert.Equal(expected.GetString(), render());
            }
            catch (ChatTemplateException e) when (e.Error == ChatTemplateError.Unsupported)
            {
                Skip.If(true, e.Message);
            }

            return;
        }

        var thrown = Assert.Throws<ChatTemplateException>(render);
        JsonElement error = test.GetProperty("error");
        if (Text(error, "type") == "TemplateError")
        {
            Assert.Equal(ChatTemplateError.Raised, thrown.Error);
            Assert.EndsWith(Text(error, "message"), thrown.Message, StringComparison.Ordinal);
        }
        else
        {
            bool isSyntax = Text(error, "type") is "TemplateSyntaxError" or "TemplateAssertionError";
            Skip.If(thrown.Error == ChatTemplateError.Unsupported, thrown.Message);
            Assert.Contains(thrown.Error, isSyntax ? [ChatTemplateError.Syntax] : new[] { ChatTemplateError.Evaluation, ChatTemplateError.Limit });
        }
    }

    private static JsonElement Load(string file) => Files.GetOrAdd(file, name => Shared.Json(Folder(), name));

    private static string Folder() => Path.Combine(Shared.Root ?? "", Kind);

    private static TheoryData<string> Cases(string file, Func<JsonElement, string> name)
    {
        if (!File.Exists(Path.Combine(Folder(), file)))
            return [Nothing];
        return [.. Load(file).GetProperty("cases").EnumerateArray().Select((c, i) => $"{i}: {name(c)}")];
    }

    private static JsonElement Find(string file, string name)
    {
        Skip.If(name == Nothing, Shared.Root is null ? Shared.NoRoot : $"no {Kind}/{file} under {Shared.Root}");
        int index = int.Parse(name[..name.IndexOf(':', StringComparison.Ordinal)], CultureInfo.InvariantCulture);
        return Load(file).GetProperty("cases")[index];
    }

    private static string NameOfRendering(JsonElement test) =>
        $"{Text(test, "template")} × {Text(test, "conversation")}"
        + (Flag(test, "add_generation_prompt") ? " + prompt" : "")
        + (Flag(test, "continue_final_message") ? ", continued" : "")
        + (test.TryGetProperty("kwargs", out JsonElement kwargs) ? " " + kwargs.GetRawText() : "");

    private static JsonElement Single(JsonElement list, string name) =>
        list.EnumerateArray().Single(item => Text(item, "name") == name);

    private static void AddAll(Dictionary<string, object?> to, JsonElement owner, string key)
    {
        if (!owner.TryGetProperty(key, out JsonElement values) || values.ValueKind != JsonValueKind.Object)
            return;
        foreach (JsonProperty property in values.EnumerateObject())
            to[property.Name] = property.Value;
    }

    private static string Text(JsonElement owner, string key) => owner.GetProperty(key).GetString()!;

    private static bool Flag(JsonElement owner, string key) =>
        owner.TryGetProperty(key, out JsonElement flag) && flag.ValueKind == JsonValueKind.True;
}
