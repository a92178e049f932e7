namespace LlmCourse.Tokenization.Chat;

/// <summary>The one object whose attributes a template can set: how a loop hands something out.</summary>
internal sealed class Namespace(PyDict attributes) : ITemplateObject
{
    public PyDict Attributes { get; } = attributes;

    public string TypeName => "jinja2.utils.Namespace";

    public bool TryGet(string name, out object? value) => Attributes.TryGet(name, out value);
}
