namespace LlmCourse.Tokenization.Chat;

internal sealed class For(int line, Expression target, Expression source, Expression? filter, Block body, Block? otherwise, bool isRecursive)
    : Statement(line)
{
    protected override Flow Perform(Scope scope)
    {
        Loop(scope, source.Value(scope), depth: 0);
        return Flow.Next;
    }

    private void Loop(Scope scope, object? values, int depth)
    {
        List<object?> items = [];
        foreach (object? item in PythonOperators.Iterate(values))
        {
            scope.Run.Step(Line);
            if (filter is null || Accepts(scope, item))
                items.Add(item);
        }

        // As Jinja has it, "else" follows unless some turn came to its end: one that breaks or continues does not.
        bool isDone = false;
        var loop = new LoopState(items, depth, isRecursive ? (run, inner) => Nested(scope, inner, depth + 1) : null);
        for (; loop.Index < items.Count; loop.Index++)
        {
            Scope turn = scope.Inner();
            turn["loop"] = loop;
            Assignment.Assign(turn, target, items[loop.Index]);
            Flow flow = body.Execute(turn);
            isDone |= flow == Flow.Next;
            if (flow == Flow.Break)
                break;
        }

        if (!isDone)
            otherwise?.Execute(scope.Inner());
    }

    private bool Accepts(Scope scope, object? item)
    {
        Scope inner = scope.Inner();
        Assignment.Assign(inner, target, item);
        return PythonOperators.Truth(filter!.Value(inner));
    }

    private string Nested(Scope scope, object? values, int depth)
    {
        Run.CheckStack();
        Scope capturing = scope.Capturing();
        Loop(capturing, values, depth);
        return capturing.Output.ToString();
    }
}
