namespace LlmCourse.Tokenization.Chat;

/// <content>What follows a value: attributes, subscripts, calls, filters and tests.</content>
internal abstract partial class ExpressionParser
{
    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            if (Current.Is(TokenKind.Operator, "."))
                value = ParseDot(value);
            else if (Current.Is(TokenKind.Operator, "["))
                value = ParseSubscript(value);
            else if (Current.Is(TokenKind.Operator, "("))
                value = ParseCall(value);
            else
                return value;
        }
    }

    private Expression ParseDot(Expression owner)
    {
        int line = Next().Line;
        return Current.Kind switch
        {
            TokenKind.Name => new Attribute(line, owner, Next().Text),
            TokenKind.Integer => new Subscript(line, owner, new Literal(line, NumberLiteral.Integer(Next().Text))),
            _ => throw Error($"expected a name or a number after '.', found {Current}"),
        };
    }

    private Subscript ParseSubscript(Expression owner)
    {
        int line = Next().Line;
        List<Expression> indices = [];
        do
            indices.Add(ParseIndex());
        while (SkipOperator(","));
        Expect(TokenKind.Operator, "]");
        return new Subscript(line, owner, indices.Count == 1 ? indices[0] : new Sequence(line, indices, isTuple: true));
    }

    private Expression ParseIndex()
    {
        int line = Current.Line;
        Expression? start = IsSlicePartMissing() ? null : ParseExpression();
        if (start is not null && !Current.Is(TokenKind.Operator, ":"))
            return start;
        Expect(TokenKind.Operator, ":");
        Expression? stop = IsSlicePartMissing() ? null : ParseExpression();
        Expression? step = SkipOperator(":") && !IsSlicePartMissing() ? ParseExpression() : null;
        return new SliceIndex(line, start, stop, step);
    }

    private bool IsSlicePartMissing() => Current.Kind == TokenKind.Operator && Current.Text is ":" or "]" or ",";

    private Expression ParseFiltersAndTests(Expression value)
    {
        while (true)
        {
            if (Current.Is(TokenKind.Operator, "|"))
                value = ParseFilters(value);
            else if (Current.Is(TokenKind.Name, "is"))
                value = ParseTest(value);
            else if (Current.Is(TokenKind.Operator, "("))
                value = ParseCall(value);
            else
                return value;
        }
    }

    /// <summary>A chain of filters; without a target the first one stands without its bar.</summary>
    protected FilterCall ParseFilters(Expression? target)
    {
        if (target is not null)
            Next();
        do
        {
            TemplateToken at = Current;
            string name = ParseDottedName();
            CheckName(at, "filter", name, Filters.IsKnown(name), Filters.IsUnsupported(name));
            target = new FilterCall(at.Line, target, name, ParseOptionalArguments());
        }
        while (SkipOperator("|"));
        return (FilterCall)target;
    }

    private Expression ParseTest(Expression target)
    {
        Next();
        bool negated = SkipWord("not");
        TemplateToken at = Current;
        string name = ParseDottedName();
        CheckName(at, "test", name, Tests.IsKnown(name), isUnsupported: false);
        ArgumentList arguments = ArgumentList.None;
        if (Current.Is(TokenKind.Operator, "("))
            arguments = ParseOptionalArguments();
        else if (StartsBareArgument())
            arguments = ArgumentList.None with { Positional = [ParsePostfix(ParsePrimary())] };
        Expression test = new TestCall(at.Line, target, name, arguments);
        return negated ? new Unary(at.Line, "not", test) : test;
    }

    private bool StartsBareArgument() => Current.Kind switch
    {
        TokenKind.Name => Current.Text is "is" ? throw Error("tests cannot be chained with 'is'") : Current.Text is not ("else" or "or" or "and"),
        TokenKind.String or TokenKind.Integer or TokenKind.Float => true,
        _ => Current.Kind == TokenKind.Operator && Current.Text is "[" or "{",
    };

    private string ParseDottedName()
    {
        string name = ExpectName();
        while (SkipOperator("."))
            name += "." + ExpectName();
        return name;
    }

    private void CheckName(TemplateToken at, string kind, string name, bool isKnown, bool isUnsupported)
    {
        if (isUnsupported)
            throw new ChatTemplateException(ChatTemplateError.Unsupported, $"the {kind} '{name}' is not supported", at.Line);
        if (!isKnown && !IsConditional)
            _unknown.Add(new ChatTemplateException(ChatTemplateError.Syntax, $"there is no {kind} named '{name}'", at.Line));
    }

    protected Call ParseCall(Expression target)
    {
        int line = Current.Line;
        return new Call(line, target, ParseOptionalArguments());
    }

    private ArgumentList ParseOptionalArguments()
    {
        if (!SkipOperator("("))
            return ArgumentList.None;
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        Expression? spread = null;
        Expression? namedSpread = null;
        foreach (Action add in ParseItems<Action>(")", ParseArgument))
            add();
        return new ArgumentList(positional, named, spread, namedSpread);

        Action ParseArgument()
        {
            if (SkipOperator("**") && ParseExpression() is var mapping && namedSpread is null)
                return () => namedSpread = mapping;
            if (SkipOperator("*") && ParseExpression() is var sequence && spread is null)
                return () => spread = sequence;
            if (Current.Kind == TokenKind.Name && Ahead.Is(TokenKind.Operator, "="))
            {
                string name = Next().Text;
                Next();
                Expression value = ParseExpression();
                return () => named.Add((name, value));
            }

            Expression argument = ParseExpression();
            return () => positional.Add(named.Count == 0 && spread is null && namedSpread is null ? argument
                : throw new ChatTemplateException(ChatTemplateError.Syntax, "a positional argument follows a named one", argument.Line));
        }
    }
}
