namespace LlmCourse.Tokenization.Chat;

/// <summary>
/// What a missing variable, key or attribute evaluates to: prints as nothing, is false and empty, and fails with
/// its reason in every other use.
/// </summary>
internal sealed class Undefined(string reason)
{
    public ChatTemplateException Failure() => ChatTemplateException.Evaluation(reason);

    public static Undefined Variable(string name) => new($"'{name}' is undefined");

    public static Undefined Member(object? owner, object? key) => key is string name
        ? new Undefined($"'{PythonText.Describe(owner)}' has no attribute '{name}'")
        : new Undefined($"{PythonText.Describe(owner)} has no element {PythonText.Repr(key)}");

    public static Undefined Unsafe(object? owner, string name) =>
        new($"access to attribute '{name}' of '{PythonText.TypeName(owner)}' object is unsafe");
}
