namespace LlmCourse.Tokenization.Chat;

/// <summary>How a statement ended: whether the loop around it goes on.</summary>
internal enum Flow
{
    Next,
    Continue,
    Break,
}

/// <summary>A node of the syntax tree that does something.</summary>
internal abstract class Statement(int line)
{
    public int Line { get; } = line;

    public Flow Execute(Scope scope)
    {
        scope.Run.Step(Line);
        return Perform(scope);
    }

    protected abstract Flow Perform(Scope scope);
}

internal sealed class Block(int line, IReadOnlyList<Statement> statements) : Statement(line)
{
    /// <summary>The names that are undefined until the block sets them.</summary>
    public IReadOnlyList<string> Own { get; set; } = [];

    protected override Flow Perform(Scope scope)
    {
        foreach (string name in Own)
            scope[name] = Undefined.Variable(name);
        foreach (Statement statement in statements)
        {
            if (statement.Execute(scope) is var flow && flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    /// <summary>What the block writes in a scope of its own.</summary>
    public string Capture(Scope capturing)
    {
        Execute(capturing);
        return capturing.Output.ToString();
    }
}

internal sealed class Text(int line, string text) : Statement(line)
{
    protected override Flow Perform(Scope scope)
    {
        scope.Write(text);
        return Flow.Next;
    }
}

internal sealed class Print(int line, Expression value) : Statement(line)
{
    protected override Flow Perform(Scope scope)
    {
        scope.Write(PythonText.Str(value.Value(scope)));
        return Flow.Next;
    }
}

internal sealed class If(int line, IReadOnlyList<(Expression Test, Block Body)> branches, Block? otherwise) : Statement(line)
{
    protected override Flow Perform(Scope scope)
    {
        foreach ((Expression test, Block body) in branches)
        {
            if (PythonOperators.Truth(test.Value(scope)))
                return body.Execute(scope);
        }

        return otherwise?.Execute(scope) ?? Flow.Next;
    }
}

internal sealed class LoopControl(int line, Flow flow) : Statement(line)
{
    protected override Flow Perform(Scope scope) => flow;
}

internal sealed class Set(int line, Expression target, Expression value) : Statement(line)
{
    protected override Flow Perform(Scope scope)
    {
        Assignment.Assign(scope, target, value.Value(scope));
        return Flow.Next;
    }
}

/// <summary>A set or filter block: what the body writes, filtered, goes into a variable or into the output.</summary>
internal sealed class CapturedBlock(int line, Expression? target, FilterCall? filter, Block body) : Statement(line)
{
    protected override Flow Perform(Scope scope)
    {
        string text = body.Capture(scope.Capturing());
        object? value = filter is null ? text : filter.ApplyTo(scope, text);
        if (target is not null)
            Assignment.Assign(scope, target, value);
        else
            scope.Write(value as string ?? throw ChatTemplateException.Evaluation($"a filter block must give a text, not '{PythonText.TypeName(value)}'"));
        return Flow.Next;
    }
}

internal sealed class With(int line, IReadOnlyList<(Expression Target, Expression Value)> variables, Block body) : Statement(line)
{
    protected override Flow Perform(Scope scope)
    {
        Scope inner = scope.Inner();
        foreach ((Expression target, Expression value) in variables)
            Assignment.Assign(inner, target, value.Value(scope));
        return body.Execute(inner);
    }
}

/// <summary>The block around what the assistant says: transparent, but its place in the output is remembered.</summary>
internal sealed class Generation(int line, Block body) : Statement(line)
{
    protected override Flow Perform(Scope scope)
    {
        int start = scope.Output.Length;
        Flow flow = body.Execute(scope.Inner());
        if (ReferenceEquals(scope.Output, scope.Run.Output))
            scope.Run.Spans.Add((start, scope.Output.Length));
        return flow;
    }
}

internal sealed class MacroDefinition(int line, string name, MacroBody body) : Statement(line)
{
    protected override Flow Perform(Scope scope)
    {
        scope[name] = new Macro(name, body, scope);
        return Flow.Next;
    }
}

/// <summary>A call block: its body is handed to the called macro as <c>caller</c>.</summary>
internal sealed class CallBlock(int line, Call call, MacroBody body) : Statement(line)
{
    protected override Flow Perform(Scope scope)
    {
        scope.Write(PythonText.Str(call.Invoke(scope, ("caller", new Macro("caller", body, scope)))));
        return Flow.Next;
    }
}
