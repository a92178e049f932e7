using LlmCourse.Generation;
using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse;

/// <content>Conversations through the model's chat template.</content>
public sealed partial class Llm
{
    /// <summary>Whether there is a chat template, so that <see cref="Chat(string, GenerationOptions?, CancellationToken)"/> can be used.</summary>
    public bool HasChatTemplate => _files.ChatTemplate is not null;

    /// <summary>Answers one message through the model's chat template.</summary>
    public Completion Chat(string message, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Chat([new ChatMessage("user", message)], options, cancellationToken);

    /// <summary>Gives the next message of a conversation through the model's chat template.</summary>
    public Completion Chat(IReadOnlyList<ChatMessage> messages, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        GenerateFromIds([Tokenizer.EncodeIds(RenderChat(messages), addSpecialTokens: false)], options, cancellationToken)[0];

    /// <summary>Starts a conversation which keeps what the model has read: a turn does not read those before it again.</summary>
    /// <param name="options">What the model is told first, and what happens when its context is full; null for neither.</param>
    /// <exception cref="InvalidOperationException">The model has no chat template, or is an encoder–decoder, which reads every prompt anew.</exception>
    public ChatSession StartChat(ChatOptions? options = null)
    {
        _ = _chat.Value;
        if (Model.Config.Encoder is not null)
            throw new InvalidOperationException("An encoder–decoder reads every prompt as a whole, so there is nothing to keep: use Chat with all messages.");
        RequireRows(1);
        return new ChatSession(this, _generator, options ?? new ChatOptions());
    }

    /// <summary>A conversation as the model's chat template writes it, up to where its answer begins.</summary>
    /// <exception cref="InvalidOperationException">The model has no chat template.</exception>
    public string RenderChat(IReadOnlyList<ChatMessage> messages) => RenderChat(messages, addGenerationPrompt: true);

    /// <summary>The same, with or without the opening of the model's answer.</summary>
    /// <param name="messages">The turns.</param>
    /// <param name="addGenerationPrompt">Whether the opening of the model's answer is written at the end.</param>
    /// <param name="variables">What else the template asks for: see <see cref="ChatOptions.Variables"/>.</param>
    public string RenderChat(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, IReadOnlyDictionary<string, object?>? variables = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        SpecialTokens special = Tokenizer.SpecialTokens;
        Dictionary<string, object?> all = new() { ["bos_token"] = special.Bos ?? "", ["eos_token"] = special.Eos ?? "" };
        foreach ((string name, string? token) in new[] { ("unk_token", special.Unk), ("pad_token", special.Pad), ("sep_token", special.Sep), ("cls_token", special.Cls), ("mask_token", special.Mask) })
        {
            if (token is not null)
                all[name] = token;
        }

        foreach ((string name, object? value) in variables ?? new Dictionary<string, object?>())
            all[name] = value;
        ChatTemplate template = all.GetValueOrDefault("tools") is not null && _toolChat.Value is { } withTools ? withTools : _chat.Value;
        return template.Render(messages, addGenerationPrompt, all);
    }
}
