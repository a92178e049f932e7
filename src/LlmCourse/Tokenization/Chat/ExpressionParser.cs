namespace LlmCourse.Tokenization.Chat;

/// <summary>
/// Recursive descent over the expression grammar. Loosest first: if-else, or, and, not, comparisons, + and -, ~,
/// * / // %, ** (from the left), signs, then attributes, subscripts, calls, filters and tests.
/// </summary>
internal abstract class ExpressionParser(IReadOnlyList<TemplateToken> tokens) : TokenCursor(tokens)
{
    private static readonly string[] ComparisonOperators = ["==", "!=", "<", "<=", ">", ">="];
    private int _conditional;

    /// <summary>In a branch that may never run, an unknown filter or test is an error only once it does.</summary>
    protected T Conditionally<T>(Func<T> parse)
    {
        _conditional++;
        T result = parse();
        _conditional--;
        return result;
    }

    protected Expression ParseExpression()
    {
        Run.CheckStack();
        Expression value = ParseOr();
        while (Current.Is(TokenKind.Name, "if"))
        {
            int line = Next().Line;
            Expression test = ParseOr();
            Expression? otherwise = SkipWord("else") ? Conditionally(ParseExpression) : null;
            value = new Conditional(line, test, value, otherwise);
        }

        return value;
    }

    protected Expression ParseOr() => ParseLogical("or", () => ParseLogical("and", ParseNot));

    /// <summary>One expression, or a tuple of several without parentheses.</summary>
    protected Expression ParseTuple(Func<Expression> parseItem, Func<bool>? isEnd = null, bool inParentheses = false)
    {
        int line = Current.Line;
        List<Expression> items = [];
        bool isTuple = false;
        while (!IsTupleEnd() && isEnd?.Invoke() != true)
        {
            items.Add(parseItem());
            if (!SkipOperator(","))
                break;
            isTuple = true;
        }

        if (items.Count == 0 && !inParentheses)
            throw Error($"expected an expression, found {Current}");
        return isTuple || items.Count == 0 ? new Sequence(line, items, isTuple: true) : items[0];
    }

    private bool IsTupleEnd() => Current.Kind is TokenKind.PrintEnd or TokenKind.BlockEnd || Current.Is(TokenKind.Operator, ")");

    private Expression ParseLogical(string word, Func<Expression> parseOperand)
    {
        Expression left = parseOperand();
        while (Current.Is(TokenKind.Name, word))
        {
            int line = Next().Line;
            left = new Logical(line, word == "and", left, parseOperand());
        }

        return left;
    }

    private Expression ParseNot()
    {
        Run.CheckStack();
        if (!Current.Is(TokenKind.Name, "not"))
            return ParseComparison();
        int line = Next().Line;
        return new Unary(line, "not", ParseNot());
    }

    private Expression ParseComparison()
    {
        int line = Current.Line;
        Expression first = ParseSum();
        List<(string, Expression)> rest = [];
        while (ComparisonSymbol() is { } symbol)
            rest.Add((symbol, ParseSum()));
        return rest.Count == 0 ? first : new Comparison(line, first, rest);
    }

    private string? ComparisonSymbol()
    {
        if (Current.Kind == TokenKind.Operator && ComparisonOperators.Contains(Current.Text))
            return Next().Text;
        if (SkipWord("in"))
            return "in";
        if (!Current.Is(TokenKind.Name, "not") || !Ahead.Is(TokenKind.Name, "in"))
            return null;
        Next();
        Next();
        return "not in";
    }

    private Expression ParseSum() => ParseBinary(ParseConcatenation, "+", "-");

    private Expression ParseConcatenation()
    {
        int line = Current.Line;
        List<Expression> parts = [ParseProduct()];
        while (SkipOperator("~"))
            parts.Add(ParseProduct());
        return parts.Count == 1 ? parts[0] : new Concatenation(line, parts);
    }

    private Expression ParseProduct() => ParseBinary(ParsePower, "*", "/", "//", "%");

    private Expression ParsePower() => ParseBinary(() => ParseSigned(withFilters: true), "**");

    private Expression ParseBinary(Func<Expression> parseOperand, params string[] symbols)
    {
        Expression left = parseOperand();
        while (Current.Kind == TokenKind.Operator && symbols.Contains(Current.Text))
        {
            TemplateToken symbol = Next();
            left = new Binary(symbol.Line, symbol.Text, left, parseOperand());
        }

        return left;
    }

    private Expression ParseSigned(bool withFilters)
    {
        Run.CheckStack();
        Expression value;
        if (Current.Is(TokenKind.Operator, "-") || Current.Is(TokenKind.Operator, "+"))
        {
            TemplateToken sign = Next();
            value = new Unary(sign.Line, sign.Text, ParseSigned(withFilters: false));
        }
        else
        {
            value = ParsePrimary();
        }

        value = ParsePostfix(value);
        return withFilters ? ParseFiltersAndTests(value) : value;
    }

    protected Expression ParsePrimary()
    {
        TemplateToken token = Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new Literal(token.Line, true),
                    "false" or "False" => new Literal(token.Line, false),
                    "none" or "None" => new Literal(token.Line, null),
                    _ => new Name(token.Line, token.Text),
                };
            case TokenKind.String:
                string text = token.Text;
                while (Current.Kind == TokenKind.String)
                    text += Next().Text;
                return new Literal(token.Line, text);
            case TokenKind.Integer:
                return new Literal(token.Line, NumberLiteral.Integer(token.Text));
            case TokenKind.Float:
                return new Literal(token.Line, NumberLiteral.Float(token.Text));
            case TokenKind.Operator when token.Text == "(":
                Expression inner = ParseTuple(ParseExpression, inParentheses: true);
                Expect(TokenKind.Operator, ")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return new Sequence(token.Line, ParseItems("]", ParseExpression), isTuple: false);
            case TokenKind.Operator when token.Text == "{":
                return new DictLiteral(token.Line, ParseItems("}", ParseEntry));
            default:
                throw new ChatTemplateException(ChatTemplateError.Syntax, $"expected an expression, found {token}", token.Line);
        }
    }

    private (Expression, Expression) ParseEntry()
    {
        Expression key = ParseExpression();
        Expect(TokenKind.Operator, ":");
        return (key, ParseExpression());
    }

    private List<T> ParseItems<T>(string close, Func<T> parseItem)
    {
        List<T> items = [];
        while (!SkipOperator(close))
        {
            if (items.Count > 0)
            {
                Expect(TokenKind.Operator, ",");
                if (SkipOperator(close))
                    break;
            }

            items.Add(parseItem());
        }

        return items;
    }

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
        if (!isKnown && _conditional == 0)
            throw new ChatTemplateException(ChatTemplateError.Syntax, $"there is no {kind} named '{name}'", at.Line);
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
