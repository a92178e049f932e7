using System.Text.Json;

namespace LlmCourse.Tokenization.Chat;

/// <summary>
/// A model's chat template: a small program in the template language that chat models are published with, which writes a
/// conversation as the one text the model was trained on. Immutable and safe to use from several threads.
/// </summary>
/// <remarks>
/// Templates come with downloaded models, so they are not trusted: they cannot reach anything but the values passed in, and
/// one that computes too long, too much or too deep is stopped with a <see cref="ChatTemplateException"/>.
/// </remarks>
public sealed class ChatTemplate
{
    // No message contains this; the blank shows whether the template trims the end of a message.
    private const string FinalMark = "\uE000<end of the final message>\uE000 ";

    private readonly Block _program;

    private ChatTemplate(string text, Block program)
    {
        Text = text;
        _program = program;
    }

    /// <summary>The template as it was given.</summary>
    public string Text { get; }

    /// <summary>Parses a template.</summary>
    /// <param name="text">The template, as in <c>tokenizer_config.json</c> or <c>chat_template.jinja</c>.</param>
    /// <exception cref="ChatTemplateException">The text is malformed, or uses something that is not supported; the message names it and its line.</exception>
    public static ChatTemplate Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new ChatTemplate(text, TemplateParser.Parse(text));
    }

    /// <summary>Writes a conversation.</summary>
    /// <param name="messages">The turns, at least one.</param>
    /// <param name="addGenerationPrompt">Whether the beginning of the assistant's next turn is written at the end.</param>
    /// <param name="variables">Further variables: <c>bos_token</c>, <c>eos_token</c>, <c>tools</c>, whatever the template knows.
    /// Strings, numbers, booleans, null, lists, dictionaries with string keys, and <see cref="JsonElement"/>.</param>
    /// <param name="clock">What a template that writes today's date asks; the system's clock by default.</param>
    /// <exception cref="ChatTemplateException">The template fails on this conversation, or refuses it.</exception>
    public string Render(
        IReadOnlyList<ChatMessage> messages,
        bool addGenerationPrompt = true,
        IReadOnlyDictionary<string, object?>? variables = null,
        TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        List<PyDict> dicts = [];
        foreach (ChatMessage message in messages)
        {
            ArgumentNullException.ThrowIfNull(message, nameof(messages));
            dicts.Add(new PyDict { ["role"] = message.Role, ["content"] = message.Content });
        }

        return Render(dicts, addGenerationPrompt, continueFinalMessage: false, variables, clock).Text;
    }

    /// <summary>Writes a conversation given as a JSON array: messages may have tool calls, parts, and any further keys.</summary>
    internal RenderedChat Render(
        JsonElement messages,
        bool addGenerationPrompt = true,
        bool continueFinalMessage = false,
        IReadOnlyDictionary<string, object?>? variables = null,
        TimeProvider? clock = null)
    {
        if (messages.ValueKind != JsonValueKind.Array)
            throw ChatTemplateException.Evaluation("a conversation must be a JSON array of messages");
        List<PyDict> dicts = [.. messages.EnumerateArray().Select(ChatValues.Message)];
        return Render(dicts, addGenerationPrompt, continueFinalMessage, variables, clock);
    }

    /// <summary>Renders with the given variables only, as a plain program.</summary>
    internal RenderedChat RenderProgram(IReadOnlyDictionary<string, object?> variables, TimeProvider? clock = null)
    {
        var run = new Run(clock ?? TimeProvider.System);
        var scope = new Scope(run);
        try
        {
            foreach ((string name, object? value) in variables)
                scope[name] = ChatValues.From(value);
            _program.Execute(scope);
        }
        catch (ChatTemplateException e) when (e.Line == 0 && run.Line > 0)
        {
            throw e.At(run.Line);
        }

        return new RenderedChat(run.Output.ToString(), run.Spans);
    }

    private RenderedChat Render(
        List<PyDict> messages, bool addGenerationPrompt, bool continueFinalMessage, IReadOnlyDictionary<string, object?>? variables, TimeProvider? clock)
    {
        if (messages.Count == 0)
            throw ChatTemplateException.Evaluation("the conversation is empty; give at least one message");
        if (continueFinalMessage && addGenerationPrompt)
            throw ChatTemplateException.Evaluation("the final message cannot be continued and followed by a generation prompt; choose one");
        string final = continueFinalMessage ? MarkEnd(messages[^1]) : "";
        Dictionary<string, object?> all = variables is null ? [] : new(variables);
        all["messages"] = new PyList([.. messages]);
        all["add_generation_prompt"] = addGenerationPrompt;
        all.TryAdd("tools", null);
        all.TryAdd("documents", null);
        RenderedChat rendered = RenderProgram(all, clock);
        return continueFinalMessage ? CutAtMark(rendered, final) : rendered;
    }

    /// <summary>Marks the end of a message, or of the last text among its parts, and returns that text.</summary>
    private static string MarkEnd(PyDict message)
    {
        message.TryGet("content", out object? content);
        object? owner = content is PyList parts ? parts.Items.LastOrDefault(part => part is PyDict dict && dict.Contains("text")) : message;
        string key = content is PyList ? "text" : "content";
        if (owner is not PyDict marked || !marked.TryGet(key, out object? value) || value is not string text)
            throw ChatTemplateException.Evaluation("only a final message whose content is a text, or has a text among its parts, can be continued");
        marked[key] = text + FinalMark;
        return text;
    }

    private static RenderedChat CutAtMark(RenderedChat rendered, string final)
    {
        int at = rendered.Text.LastIndexOf(FinalMark.TrimEnd(), StringComparison.Ordinal);
        if (at < 0 || !rendered.Text.Contains(PythonStrings.Strip(final, null), StringComparison.Ordinal))
            throw ChatTemplateException.Evaluation("the template does not write the final message as it is, so it cannot be continued");
        bool trims = string.CompareOrdinal(rendered.Text, at, FinalMark, 0, FinalMark.Length) != 0;
        string text = rendered.Text[..at];
        text = trims ? PythonStrings.Strip(text, null, left: false) : text;
        return new RenderedChat(text, [.. rendered.AssistantSpans.Where(s => s.Start < text.Length).Select(s => (s.Start, Math.Min(s.End, text.Length)))]);
    }
}
