using LlmCourse.Runtime;

namespace LlmCourse.Tokenization.Chat;

/// <summary>A chat template cannot be parsed, or cannot render the conversation it was given.</summary>
public sealed class ChatTemplateException : LlmException
{
    private readonly string _reason;

    internal ChatTemplateException(ChatTemplateError error, string reason, int line = 0, Exception? innerException = null)
        : base(line > 0 ? $"Chat template, line {line}: {reason}" : $"Chat template: {reason}", innerException)
    {
        Error = error;
        Line = line;
        _reason = reason;
    }

    /// <summary>The kind of failure.</summary>
    public ChatTemplateError Error { get; }

    /// <summary>The line of the template, counted from one; zero where no line is to blame.</summary>
    public int Line { get; }

    internal static ChatTemplateException Evaluation(string reason) => new(ChatTemplateError.Evaluation, reason);

    internal static ChatTemplateException Limit(string reason) => new(ChatTemplateError.Limit, reason);

    internal ChatTemplateException At(int line) => new(Error, _reason, line, this);
}
