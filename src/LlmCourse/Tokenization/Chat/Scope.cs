using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The variables of a template, a loop's turn or a macro's call, inside those around it.</summary>
internal sealed class Scope
{
    private readonly Dictionary<string, object?> _variables = new(StringComparer.Ordinal);
    private readonly Scope? _parent;

    public Scope(Run run)
    {
        Run = run;
        Output = run.Output;
    }

    private Scope(Scope parent, StringBuilder output)
    {
        _parent = parent;
        Run = parent.Run;
        Output = output;
    }

    public Run Run { get; }

    public StringBuilder Output { get; }

    public Scope Inner() => new(this, Output);

    /// <summary>An inner scope whose output is kept apart.</summary>
    public Scope Capturing() => new(this, new StringBuilder());

    public object? this[string name]
    {
        get
        {
            for (Scope? scope = this; scope is not null; scope = scope._parent)
            {
                if (scope._variables.TryGetValue(name, out object? value))
                    return value;
            }

            return Globals.Find(name) ?? Undefined.Variable(name);
        }
        set => _variables[name] = value;
    }

    public void Write(string text)
    {
        Run.CheckLength((long)Output.Length + text.Length);
        Run.Charge(text.Length);
        Output.Append(text);
    }
}
