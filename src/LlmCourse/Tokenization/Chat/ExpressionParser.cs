namespace LlmCourse.Tokenization.Chat;

/// <summary>
/// Recursive descent over the expression grammar. Loosest first: if-else, or, and, not, comparisons, + and -, ~,
/// * / // %, ** (from the left), signs, then attributes, subscripts, calls, filters and tests.
/// </summary>
internal abstract partial class ExpressionParser(IReadOnlyList<TemplateToken> tokens) : TokenCursor(tokens)
{
    private static readonly string[] ComparisonOperators = ["==", "!=", "<", "<=", ">", ">="];
    private readonly List<ChatTemplateException> _unknown = [];

    protected bool IsConditional { get; private set; }

    /// <summary>In a branch that may never run, an unknown filter or test is an error only once it does; in a loop or macro inside of it, it is one again.</summary>
    protected T Parse<T>(bool conditionally, Func<T> parse)
    {
        (bool before, IsConditional) = (IsConditional, conditionally);
        T result = parse();
        IsConditional = before;
        return result;
    }

    /// <summary>Complains of an unknown filter or test.</summary>
    protected void CheckNames()
    {
        if (_unknown.Count > 0)
            throw _unknown[0];
    }

    protected Expression ParseExpression()
    {
        Run.CheckStack();
        int unknown = _unknown.Count;
        Expression value = ParseOr();
        while (Current.Is(TokenKind.Name, "if"))
        {
            int line = Next().Line;
            Expression test = ParseOr();
            Expression? otherwise = SkipWord("else") ? ParseExpression() : null;
            value = new Conditional(line, test, value, otherwise);
            _unknown.RemoveRange(unknown, _unknown.Count - unknown);
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

    /// <summary>A variable's name, of which the frame around it takes note.</summary>
    protected abstract Name ReadName(TemplateToken token);

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
                    _ => ReadName(token),
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
}
