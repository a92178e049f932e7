namespace LlmCourse.Tokenization.Chat;

/// <summary>Turns a template's tokens into statements.</summary>
internal sealed class TemplateParser : ExpressionParser
{
    // Parts of Jinja that load other templates or need extensions that chat templates are not rendered with.
    private static readonly string[] UnsupportedTags =
        ["include", "import", "from", "extends", "block", "autoescape", "trans", "pluralize", "do", "debug", "print"];

    private TemplateParser(IReadOnlyList<TemplateToken> tokens)
        : base(tokens)
    {
    }

    public static Block Parse(string template)
    {
        var parser = new TemplateParser(TemplateLexer.Tokenize(template));
        return parser.ParseBody("the template", 1);
    }

    /// <summary>Statements up to one of the closing tags, whose name is left as the current token.</summary>
    private Block ParseBody(string owner, int ownerLine, params string[] closing)
    {
        Run.CheckStack();
        int line = Current.Line;
        List<Statement> statements = [];
        while (true)
        {
            TemplateToken token = Next();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new Text(token.Line, token.Text));
                    break;
                case TokenKind.PrintBegin:
                    statements.Add(new Print(token.Line, ParseTuple(ParseExpression)));
                    Close(TokenKind.PrintEnd, "}}");
                    break;
                case TokenKind.BlockBegin when Current.Kind == TokenKind.Name && closing.Contains(Current.Text):
                    return new Block(line, statements);
                case TokenKind.BlockBegin:
                    statements.Add(ParseStatement());
                    break;
                default:
                    if (closing.Length == 0)
                        return new Block(line, statements);
                    throw new ChatTemplateException(ChatTemplateError.Syntax, $"{owner} is never closed with '{closing[^1]}'", ownerLine);
            }
        }
    }

    private Statement ParseStatement()
    {
        if (Current.Kind != TokenKind.Name)
            throw Error($"expected the name of a tag, found {Current}");
        TemplateToken tag = Next();
        return tag.Text switch
        {
            "for" => ParseFor(tag.Line),
            "if" => Conditionally(() => ParseIf(tag.Line)),
            "set" => ParseSet(tag.Line),
            "macro" => ParseMacro(tag.Line),
            "call" => ParseCallBlock(tag.Line),
            "filter" => ParseFilterBlock(tag.Line),
            "with" => ParseWith(tag.Line),
            "generation" => ParseGeneration(tag.Line),
            "break" => ParseLoopControl(tag.Line, Flow.Break),
            "continue" => ParseLoopControl(tag.Line, Flow.Continue),
            _ when UnsupportedTags.Contains(tag.Text) =>
                throw new ChatTemplateException(ChatTemplateError.Unsupported, $"the tag '{tag.Text}' is not supported", tag.Line),
            _ => throw new ChatTemplateException(ChatTemplateError.Syntax, $"unknown tag '{tag.Text}'", tag.Line),
        };
    }

    private void Close(TokenKind kind, string text)
    {
        if (Current.Kind != kind)
            throw Error($"expected '{text}', found {Current}");
        Next();
    }

    private void CloseTag() => Close(TokenKind.BlockEnd, "%}");

    /// <summary>The rest of an opening tag, a body, and its closing tag.</summary>
    private Block ParseClosedBody(string tag, int line)
    {
        CloseTag();
        Block body = ParseBody($"'{tag}'", line, "end" + tag);
        Next();
        CloseTag();
        return body;
    }

    private For ParseFor(int line)
    {
        Expression target = ParseTarget(allowNamespace: false, () => Current.Is(TokenKind.Name, "in"));
        Expect(TokenKind.Name, "in");
        Expression source = ParseTuple(ParseOr, () => Current.Is(TokenKind.Name, "recursive"));
        Expression? filter = SkipWord("if") ? ParseExpression() : null;
        bool isRecursive = SkipWord("recursive");
        CloseTag();
        Block body = ParseBody("'for'", line, "else", "endfor");
        Block? otherwise = Next().Text == "else" ? ParseElse("for", line) : null;
        CloseTag();
        return new For(line, target, source, filter, body, otherwise, isRecursive);
    }

    private Block ParseElse(string tag, int line)
    {
        CloseTag();
        Block body = ParseBody($"'{tag}'", line, "end" + tag);
        Next();
        return body;
    }

    private If ParseIf(int line)
    {
        List<(Expression, Block)> branches = [];
        string closing;
        do
        {
            Expression test = ParseTuple(ParseOr);
            CloseTag();
            branches.Add((test, ParseBody("'if'", line, "elif", "else", "endif")));
            closing = Next().Text;
        }
        while (closing == "elif");
        Block? otherwise = closing == "else" ? ParseElse("if", line) : null;
        CloseTag();
        return new If(line, branches, otherwise);
    }

    private Statement ParseSet(int line)
    {
        Expression target = ParseTarget(allowNamespace: true, null);
        if (SkipOperator("="))
        {
            Expression value = ParseTuple(ParseExpression);
            CloseTag();
            return new Set(line, target, value);
        }

        FilterCall? filter = SkipOperator("|") ? ParseFilters(null) : null;
        return new CapturedBlock(line, target, filter, ParseClosedBody("set", line));
    }

    private Expression ParseTarget(bool allowNamespace, Func<bool>? isEnd)
    {
        Expression target = ParseTuple(ParseTargetItem, isEnd);
        return Assignment.IsTarget(target, allowNamespace) ? target : throw Error("this cannot be assigned to");
    }

    private Expression ParseTargetItem()
    {
        Expression item = ParsePrimary();
        int line = item.Line;
        return SkipOperator(".") ? new Attribute(line, item, ExpectName()) : item;
    }

    private MacroDefinition ParseMacro(int line)
    {
        string name = ExpectName();
        return new MacroDefinition(line, name, ParseMacroBody("macro", line, ParseParameters()));
    }

    private List<(string, Expression?)> ParseParameters()
    {
        Expect(TokenKind.Operator, "(");
        List<(string Name, Expression? Default)> parameters = [];
        while (!SkipOperator(")"))
        {
            if (parameters.Count > 0)
                Expect(TokenKind.Operator, ",");
            string name = ExpectName();
            Expression? otherwise = SkipOperator("=") ? ParseExpression() : null;
            if (otherwise is null && parameters.Count > 0 && parameters[^1].Default is not null)
                throw Error("a parameter without a default follows one with a default");
            parameters.Add((name, otherwise));
        }

        return parameters;
    }

    private CallBlock ParseCallBlock(int line)
    {
        IReadOnlyList<(string, Expression?)> parameters = Current.Is(TokenKind.Operator, "(") ? ParseParameters() : [];
        if (ParseExpression() is not Call call)
            throw Error("a call block needs a call");
        return new CallBlock(line, call, ParseMacroBody("call", line, parameters));
    }

    private MacroBody ParseMacroBody(string tag, int line, IReadOnlyList<(string, Expression?)> parameters)
    {
        int start = Position;
        Block body = ParseClosedBody(tag, line);
        return new MacroBody(parameters, body, Mentions("varargs", start), Mentions("kwargs", start));
    }

    private CapturedBlock ParseFilterBlock(int line)
    {
        FilterCall filter = ParseFilters(null);
        return new CapturedBlock(line, null, filter, ParseClosedBody("filter", line));
    }

    private With ParseWith(int line)
    {
        List<(Expression, Expression)> variables = [];
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                Expect(TokenKind.Operator, ",");
            Expression target = ParseTargetItem();
            if (!Assignment.IsTarget(target, allowNamespace: false))
                throw Error("this cannot be assigned to");
            Expect(TokenKind.Operator, "=");
            variables.Add((target, ParseExpression()));
        }

        return new With(line, variables, ParseClosedBody("with", line));
    }

    private Generation ParseGeneration(int line) => new(line, ParseClosedBody("generation", line));

    private LoopControl ParseLoopControl(int line, Flow flow)
    {
        CloseTag();
        return new LoopControl(line, flow);
    }
}
