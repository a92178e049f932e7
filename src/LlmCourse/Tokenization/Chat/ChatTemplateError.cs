namespace LlmCourse.Tokenization.Chat;

/// <summary>What kind of failure a <see cref="ChatTemplateException"/> reports.</summary>
public enum ChatTemplateError
{
    /// <summary>The template's text is malformed.</summary>
    Syntax,

    /// <summary>The template uses a part of the language that this library does not have.</summary>
    Unsupported,

    /// <summary>Rendering failed: an undefined value was used, types do not fit, or the messages are not what the template needs.</summary>
    Evaluation,

    /// <summary>The template itself called <c>raise_exception</c>.</summary>
    Raised,

    /// <summary>The template did more work, made a larger value or nested deeper than is allowed.</summary>
    Limit,
}
