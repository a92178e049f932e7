namespace LlmCourse.Tokenization.Chat;

/// <summary>The one object whose attributes a template can set: how a loop hands something out.</summary>
internal sealed class Namespace : ITemplateObject
{
    public Namespace(PyDict attributes)
    {
        foreach ((object? name, _) in attributes.Entries)
            Check(name);
        Attributes = attributes;
    }

    public PyDict Attributes { get; }

    public string TypeName => "jinja2.utils.Namespace";

    public bool TryGet(string name, out object? value) => Attributes.TryGet(name, out value);

    public void Set(string name, object? value)
    {
        Check(name);
        Attributes[name] = value;
    }

    private static void Check(object? name)
    {
        if (name is string text && text.StartsWith('_'))
            throw ChatTemplateException.Evaluation($"a namespace cannot have the attribute '{text}': its name begins with an underscore");
    }
}
