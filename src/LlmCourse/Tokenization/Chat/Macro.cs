namespace LlmCourse.Tokenization.Chat;

/// <summary>A macro as written: parameters, those with defaults last, the body, and whether it takes any further arguments.</summary>
internal sealed record MacroBody(
    IReadOnlyList<(string Name, Expression? Default)> Parameters, Block Body, bool TakesMore, bool TakesMoreNamed);

/// <summary>A macro, with the scope that it was defined in.</summary>
internal sealed class Macro(string name, MacroBody macro, Scope definedIn) : ICallableObject
{
    public string TypeName => "Macro";

    public bool TryGet(string attribute, out object? value)
    {
        value = attribute == "name" ? name : null;
        return attribute == "name";
    }

    public object? Call(Run run, Arguments arguments)
    {
        Scope scope = definedIn.Capturing();
        var named = arguments.Named.ToDictionary(a => a.Key, a => a.Value, StringComparer.Ordinal);
        for (int i = 0; i < macro.Parameters.Count; i++)
        {
            (string parameter, Expression? otherwise) = macro.Parameters[i];
            bool byName = named.Remove(parameter, out object? value);
            if (byName && i < arguments.Positional.Count)
                throw ChatTemplateException.Evaluation($"macro '{name}' got several values for '{parameter}'");
            scope[parameter] = byName ? value : i < arguments.Positional.Count ? arguments.Positional[i]
                : otherwise is not null ? otherwise.Value(scope) : new Undefined($"parameter '{parameter}' was not provided");
        }

        scope["caller"] = named.Remove("caller", out object? caller) ? caller : new Undefined("no caller defined");
        if (named.Count > 0 && !macro.TakesMoreNamed)
            throw ChatTemplateException.Evaluation($"macro '{name}' takes no keyword argument '{named.Keys.First()}'");
        if (arguments.Positional.Count > macro.Parameters.Count && !macro.TakesMore)
            throw ChatTemplateException.Evaluation($"macro '{name}' takes not more than {macro.Parameters.Count} argument(s)");
        scope["varargs"] = new PyTuple([.. arguments.Positional.Skip(macro.Parameters.Count)]);
        scope["kwargs"] = Dictionary(named);
        return macro.Body.Capture(scope);
    }

    private static PyDict Dictionary(Dictionary<string, object?> named)
    {
        var dict = new PyDict();
        foreach ((string key, object? value) in named)
            dict[key] = value;
        return dict;
    }
}
