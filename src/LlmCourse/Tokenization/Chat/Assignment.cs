namespace LlmCourse.Tokenization.Chat;

/// <summary>Gives a value to what stands left of an assignment: a name, an attribute of a namespace, or a tuple of those.</summary>
internal static class Assignment
{
    public static bool IsTarget(Expression expression, bool allowNamespace) => expression switch
    {
        Name => true,
        Attribute { Owner: Name } => allowNamespace,
        Sequence sequence => sequence.Items.Count > 0 && sequence.Items.All(item => IsTarget(item, allowNamespace)),
        _ => false,
    };

    public static void Assign(Scope scope, Expression target, object? value)
    {
        switch (target)
        {
            case Name name:
                scope[name.Identifier] = value;
                break;
            case Attribute attribute:
                if (attribute.Owner.Value(scope) is not Namespace ns)
                    throw ChatTemplateException.Evaluation($"cannot set '{attribute.Identifier}': only a namespace has attributes that can be set");
                ns.Set(attribute.Identifier, value);
                break;
            case Sequence sequence:
                Unpack(scope, sequence.Items, value);
                break;
        }
    }

    private static void Unpack(Scope scope, IReadOnlyList<Expression> targets, object? value)
    {
        List<object?> values = [.. PythonOperators.Iterate(value).Take(targets.Count + 1)];
        if (values.Count != targets.Count)
            throw ChatTemplateException.Evaluation($"cannot unpack {(values.Count < targets.Count ? "too few" : "too many")} values: {targets.Count} expected");
        for (int i = 0; i < targets.Count; i++)
            Assign(scope, targets[i], values[i]);
    }
}
