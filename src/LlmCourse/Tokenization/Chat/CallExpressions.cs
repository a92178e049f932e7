namespace LlmCourse.Tokenization.Chat;

/// <summary>The arguments as written; evaluated anew for each call.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named,
    Expression? Spread,
    Expression? NamedSpread)
{
    public static readonly ArgumentList None = new([], [], null, null);

    public Arguments Evaluate(Scope scope, (string Name, object? Value)? extra = null)
    {
        List<object?> positional = [.. Positional.Select(p => p.Value(scope))];
        List<KeyValuePair<string, object?>> named = [.. Named.Select(n => KeyValuePair.Create(n.Name, n.Value.Value(scope)))];
        if (Spread is not null)
        {
            object? spread = Spread.Value(scope);
            scope.Run.ChargeFor(spread);
            positional.AddRange(PythonOperators.Iterate(spread));
        }

        if (NamedSpread?.Value(scope) is var dictionary && NamedSpread is not null)
        {
            PyDict dict = dictionary as PyDict ?? throw ChatTemplateException.Evaluation("what follows ** in a call must be a mapping");
            foreach ((object? key, object? value) in dict.Entries)
                named.Add(new(key as string ?? throw ChatTemplateException.Evaluation("keywords must be strings"), value));
        }

        if (extra is { } last)
            named.Add(new(last.Name, last.Value));
        return new Arguments(positional, named);
    }
}

internal sealed class Call(int line, Expression target, ArgumentList arguments) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => Invoke(scope, extra: null);

    public object? Invoke(Scope scope, (string Name, object? Value)? extra)
    {
        object? callee = target.Value(scope);
        return Invoke(scope.Run, callee, arguments.Evaluate(scope, extra));
    }

    private static object? Invoke(Run run, object? callee, Arguments given)
    {
        object? result = callee switch
        {
            Callable callable => callable.Invoke(run, given),
            ICallableObject callable => callable.Call(run, given),
            Undefined undefined => throw undefined.Failure(),
            _ => throw ChatTemplateException.Evaluation($"'{PythonText.TypeName(callee)}' object is not callable"),
        };
        run.ChargeFor(result);
        return result;
    }
}

/// <summary>A filter applied to a value, or to the text of the block around it where there is no target.</summary>
internal sealed class FilterCall(int line, Expression? target, string name, ArgumentList arguments) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => Apply(scope, target!.Value(scope));

    /// <summary>The chain of filters on a block's text: innermost first.</summary>
    public object? ApplyTo(Scope scope, string text) =>
        Apply(scope, target is FilterCall inner ? inner.ApplyTo(scope, text) : text);

    private object? Apply(Scope scope, object? value) => Filters.Apply(scope.Run, name, value, arguments.Evaluate(scope));
}

internal sealed class TestCall(int line, Expression target, string name, ArgumentList arguments) : Expression(line)
{
    protected override object? Evaluate(Scope scope) =>
        Tests.Apply(scope.Run, name, target.Value(scope), arguments.Evaluate(scope));
}
