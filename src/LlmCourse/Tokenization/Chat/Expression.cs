namespace LlmCourse.Tokenization.Chat;

/// <summary>A node of the syntax tree that has a value.</summary>
internal abstract class Expression(int line)
{
    public int Line { get; } = line;

    public object? Value(Scope scope)
    {
        scope.Run.Step(Line);
        return Evaluate(scope);
    }

    protected abstract object? Evaluate(Scope scope);
}

internal sealed class Literal(int line, object? value) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => value;
}

internal sealed class Name(int line, string name) : Expression(line)
{
    public string Identifier { get; } = name;

    protected override object? Evaluate(Scope scope) => scope[Identifier];
}

internal sealed class Sequence(int line, IReadOnlyList<Expression> items, bool isTuple) : Expression(line)
{
    public IReadOnlyList<Expression> Items { get; } = items;

    public bool IsTuple { get; } = isTuple;

    protected override object? Evaluate(Scope scope)
    {
        List<object?> values = [.. Items.Select(item => item.Value(scope))];
        return IsTuple ? new PyTuple(values) : new PyList(values);
    }
}

internal sealed class DictLiteral(int line, IReadOnlyList<(Expression Key, Expression Value)> entries) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        var dict = new PyDict();
        foreach ((Expression key, Expression value) in entries)
            dict[key.Value(scope)] = value.Value(scope);
        return dict;
    }
}

internal sealed class Attribute(int line, Expression owner, string name) : Expression(line)
{
    public Expression Owner { get; } = owner;

    public string Identifier { get; } = name;

    protected override object? Evaluate(Scope scope) => Members.Attribute(Owner.Value(scope), Identifier);
}

internal sealed class Subscript(int line, Expression owner, Expression index) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        object? target = owner.Value(scope);
        object? key = index.Value(scope);
        if (key is PySlice)
            scope.Run.ChargeFor(target);
        else if (key is string || target is string)
            scope.Run.ChargeFor(key is string ? key : target);
        return Members.Item(target, key);
    }
}

internal sealed class SliceIndex(int line, Expression? start, Expression? stop, Expression? step) : Expression(line)
{
    protected override object? Evaluate(Scope scope) =>
        new PySlice(start?.Value(scope), stop?.Value(scope), step?.Value(scope));
}

internal sealed class Unary(int line, string symbol, Expression operand) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => symbol switch
    {
        "not" => !PythonOperators.Truth(operand.Value(scope)),
        "-" => PythonArithmetic.Negate(operand.Value(scope)),
        _ => PythonArithmetic.Plus(operand.Value(scope)),
    };
}

internal sealed class Binary(int line, string symbol, Expression left, Expression right) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        object? result = PythonArithmetic.Apply(symbol, left.Value(scope), right.Value(scope));
        scope.Run.ChargeFor(result);
        return result;
    }
}

internal sealed class Logical(int line, bool isAnd, Expression left, Expression right) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        object? first = left.Value(scope);
        return PythonOperators.Truth(first) == isAnd ? right.Value(scope) : first;
    }
}

internal sealed class Concatenation(int line, IReadOnlyList<Expression> parts) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        string[] texts = [.. parts.Select(part => PythonText.Str(part.Value(scope)))];
        long length = texts.Sum(text => (long)text.Length);
        Run.CheckLength(length);
        scope.Run.Charge(length);
        return string.Concat(texts);
    }
}

internal sealed class Comparison(int line, Expression first, IReadOnlyList<(string Symbol, Expression Operand)> rest) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        object? left = first.Value(scope);
        foreach ((string symbol, Expression operand) in rest)
        {
            object? right = operand.Value(scope);
            if (!Holds(scope.Run, symbol, left, right))
                return false;
            left = right;
        }

        return true;
    }

    public static bool Holds(Run run, string symbol, object? left, object? right)
    {
        run.ChargeFor(left);
        run.ChargeFor(right);
        return symbol switch
        {
            "==" => PythonOperators.Equal(left, right, run),
            "!=" => !PythonOperators.Equal(left, right, run),
            "in" => Contains(run, right, left),
            "not in" => !Contains(run, right, left),
            "<" => PythonOperators.Compare(left, right, symbol) < 0,
            "<=" => PythonOperators.Compare(left, right, symbol) <= 0,
            ">" => PythonOperators.Compare(left, right, symbol) > 0,
            _ => PythonOperators.Compare(left, right, symbol) >= 0,
        };
    }

    private static bool Contains(Run run, object? container, object? item)
    {
        if (container is string text && item is string part)
            run.Charge(PythonStrings.SearchCost(text, part));
        return PythonOperators.Contains(run, container, item);
    }
}

internal sealed class Conditional(int line, Expression test, Expression then, Expression? otherwise) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => PythonOperators.Truth(test.Value(scope)) ? then.Value(scope)
        : otherwise is not null ? otherwise.Value(scope)
        : new Undefined("the inline if-expression evaluated to false and no else section was defined");
}
