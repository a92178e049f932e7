using System.Collections.ObjectModel;
using System.Text;

namespace LlmCourse.Data;

/// <summary>
/// A text with named gaps: <c>"Classify this review: {text}\nSentiment: {label}"</c>. A brace that is meant as such is written
/// twice. Immutable.
/// </summary>
public sealed class PromptTemplate
{
    private readonly List<(string Text, bool IsField)> _parts = [];

    /// <summary>Reads a template.</summary>
    /// <param name="template">The text with its fields in braces.</param>
    /// <exception cref="ArgumentException">A brace has no partner, or a field has no name.</exception>
    public PromptTemplate(string template)
    {
        ArgumentNullException.ThrowIfNull(template);
        Text = template;
        Parse(template);
        Fields = new ReadOnlyCollection<string>([.. _parts.Where(part => part.IsField).Select(part => part.Text).Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>The template as it was written.</summary>
    public string Text { get; }

    /// <summary>The names of the fields, in the order of their first appearance.</summary>
    public IReadOnlyList<string> Fields { get; }

    /// <summary>Fills every field.</summary>
    /// <param name="values">A name and a value for each field. Braces in a value are ordinary text.</param>
    /// <returns>The finished text.</returns>
    /// <exception cref="ArgumentException">A field is missing, unknown, or given twice; the message names it.</exception>
    public string Format(params (string Field, string Value)[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        Dictionary<string, string> byName = new(StringComparer.Ordinal);
        foreach ((string field, string value) in values)
        {
            if (!byName.TryAdd(field, value))
                throw new ArgumentException($"The field {{{field}}} is given twice.", nameof(values));
        }

        return Format(byName);
    }

    /// <inheritdoc cref="Format(ValueTuple{string, string}[])"/>
    public string Format(IReadOnlyDictionary<string, string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (string given in values.Keys)
        {
            if (!Fields.Contains(given, StringComparer.Ordinal))
                throw new ArgumentException($"The template has no field {{{given}}}; it has {Listed()}.", nameof(values));
        }

        StringBuilder text = new();
        foreach ((string part, bool isField) in _parts)
        {
            if (!isField)
                text.Append(part);
            else if (values.TryGetValue(part, out string? value) && value is not null)
                text.Append(value);
            else
                throw new ArgumentException($"The field {{{part}}} has no value; the template has {Listed()}.", nameof(values));
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>The template without the field it ends with.</summary>
    /// <exception cref="ArgumentException">It ends with something else, or that field appears before as well: an answer could not come last.</exception>
    internal PromptTemplate WithoutAnswer()
    {
        if (_parts.Count == 0 || !_parts[^1].IsField)
            throw new ArgumentException($"A template must end with the field of the answer; the fields are {Listed()}.");
        if (_parts.Count(part => part == _parts[^1]) > 1)
            throw new ArgumentException($"The template ends with {{{_parts[^1].Text}}}, so that is the answer, but it stands elsewhere as well.");
        return new PromptTemplate(_parts[..^1]);
    }

    private PromptTemplate(IReadOnlyList<(string Text, bool IsField)> parts)
        : this(string.Concat(parts.Select(part => part.IsField ? $"{{{part.Text}}}" : part.Text.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal))))
    {
    }

    private void Parse(string template)
    {
        StringBuilder literal = new();
        for (int i = 0; i < template.Length; i++)
        {
            char at = template[i];
            bool isDouble = i + 1 < template.Length && template[i + 1] == at;
            if (at is not ('{' or '}'))
            {
                literal.Append(at);
            }
            else if (isDouble)
            {
                literal.Append(at);
                i++;
            }
            else
            {
                int end = at == '{' ? template.IndexOfAny(['{', '}'], i + 1) : -1;
                if (end < 0 || template[end] != '}')
                    throw new ArgumentException($"The brace at position {i} of the template has no partner; a brace meant as such is written twice.", nameof(template));
                string name = template[(i + 1)..end].Trim();
                if (name.Length == 0)
                    throw new ArgumentException($"The field at position {i} of the template has no name.", nameof(template));
                Take(literal);
                _parts.Add((name, true));
                i = end;
            }
        }

        Take(literal);
    }

    private void Take(StringBuilder literal)
    {
        if (literal.Length > 0)
            _parts.Add((literal.ToString(), false));
        literal.Clear();
    }

    private string Listed() => Fields.Count == 0 ? "none" : string.Join(", ", Fields.Select(field => $"{{{field}}}"));
}
