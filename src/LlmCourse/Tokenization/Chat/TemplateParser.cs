namespace LlmCourse.Tokenization.Chat;

/// <summary>Turns a template's tokens into statements.</summary>
internal sealed class TemplateParser : ExpressionParser
{
    // Parts of Jinja that load other templates or need extensions that chat templates are not rendered with.
    private static readonly string[] UnsupportedTags =
        ["include", "import", "from", "extends", "block", "autoescape", "trans", "pluralize", "do", "debug", "print"];

    private readonly List<(NameFrame Names, Block Block)> _frames = [];
    private NameFrame _names = new(null);
    private bool _isTarget;

    private TemplateParser(IReadOnlyList<TemplateToken> tokens)
        : base(tokens)
    {
    }

    public static Block Parse(string template)
    {
        var parser = new TemplateParser(TemplateLexer.Tokenize(template));
        Block body = parser.ParseBody("the template", 1);
        parser.CheckNames();
        body.Own = parser._names.Own;
        foreach ((NameFrame names, Block block) in parser._frames)
            block.Own = names.Own;
        return body;
    }

    protected override Name ReadName(TemplateToken token)
    {
        if (!_isTarget)
            _names.Read(token.Text);
        return new Name(token.Line, token.Text);
    }

    /// <summary>Takes note of a target: its names are set, a namespace whose attribute is set is read.</summary>
    private void Note(Expression target)
    {
        if (target is Attribute { Owner: Name owner })
            _names.Read(owner.Identifier);
        foreach (string name in Names(target))
            _names.Set(name, IsConditional);
    }

    private static IEnumerable<string> Names(Expression target) => target switch
    {
        Name name => [name.Identifier],
        Sequence sequence => sequence.Items.SelectMany(Names),
        _ => [],
    };

    private T In<T>(NameFrame frame, Func<T> parse)
    {
        (NameFrame before, _names) = (_names, frame);
        T result = parse();
        _names = before;
        return result;
    }

    /// <summary>A body that is a frame.</summary>
    private Block ParseFrame(NameFrame frame, Func<Block> parse)
    {
        Block body = In(frame, () => Parse(conditionally: false, parse));
        _frames.Add((frame, body));
        return body;
    }

    /// <summary>A frame inside of the current one, with names that are given to it.</summary>
    private NameFrame Inside(params ReadOnlySpan<string> given)
    {
        NameFrame frame = new(_names);
        foreach (string name in given)
            frame.Read(name);
        return frame;
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
            "if" => Parse(conditionally: true, () => ParseIf(tag.Line)),
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
    private Block ParseClosedBody(string tag, int line, NameFrame? frame = null)
    {
        CloseTag();
        Block body = ParseFrame(frame ?? Inside(), () => ParseBody($"'{tag}'", line, "end" + tag));
        Next();
        CloseTag();
        return body;
    }

    private For ParseFor(int line)
    {
        Expression target = ParseTarget(allowNamespace: false, () => Current.Is(TokenKind.Name, "in"));
        Expect(TokenKind.Name, "in");
        Expression source = ParseTuple(ParseOr, () => Current.Is(TokenKind.Name, "recursive"));
        string[] items = [.. Names(target)];
        NameFrame filtering = Inside(items), looping = Inside([.. items, "loop"]);
        Expression? filter = SkipWord("if") ? In(filtering, ParseExpression) : null;
        bool isRecursive = SkipWord("recursive");
        CloseTag();
        Block body = ParseFrame(looping, () => ParseBody("'for'", line, "else", "endfor"));
        Block? otherwise = Next().Text == "else" ? ParseFrame(Inside(), () => ParseElse("for", line)) : null;
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
            Note(target);
            return new Set(line, target, value);
        }

        Note(target);
        FilterCall? filter = SkipOperator("|") ? ParseFilters(null) : null;
        return new CapturedBlock(line, target, filter, ParseClosedBody("set", line));
    }

    private Expression ParseTarget(bool allowNamespace, Func<bool>? isEnd)
    {
        _isTarget = true;
        Expression target = ParseTuple(ParseTargetItem, isEnd);
        _isTarget = false;
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
        _names.Set(name, IsConditional);
        NameFrame frame = Inside("caller", "varargs", "kwargs");
        return new MacroDefinition(line, name, ParseMacroBody("macro", line, In(frame, ParseParameters), frame));
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
            _names.Read(name);
            Expression? otherwise = SkipOperator("=") ? ParseExpression() : null;
            if (otherwise is null && parameters.Count > 0 && parameters[^1].Default is not null)
                throw Error("a parameter without a default follows one with a default");
            parameters.Add((name, otherwise));
        }

        return parameters;
    }

    private CallBlock ParseCallBlock(int line)
    {
        NameFrame frame = Inside("caller", "varargs", "kwargs");
        IReadOnlyList<(string, Expression?)> parameters = Current.Is(TokenKind.Operator, "(") ? In(frame, ParseParameters) : [];
        if (ParseExpression() is not Call call)
            throw Error("a call block needs a call");
        return new CallBlock(line, call, ParseMacroBody("call", line, parameters, frame));
    }

    private MacroBody ParseMacroBody(string tag, int line, IReadOnlyList<(string, Expression?)> parameters, NameFrame frame)
    {
        int start = Position;
        Block body = ParseClosedBody(tag, line, frame);
        return new MacroBody(parameters, body, Mentions("varargs", start), Mentions("kwargs", start));
    }

    private CapturedBlock ParseFilterBlock(int line)
    {
        FilterCall filter = ParseFilters(null);
        return new CapturedBlock(line, null, filter, ParseClosedBody("filter", line));
    }

    private With ParseWith(int line)
    {
        List<(Expression Target, Expression)> variables = [];
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                Expect(TokenKind.Operator, ",");
            _isTarget = true;
            Expression target = ParseTargetItem();
            _isTarget = false;
            if (!Assignment.IsTarget(target, allowNamespace: false))
                throw Error("this cannot be assigned to");
            Expect(TokenKind.Operator, "=");
            variables.Add((target, ParseExpression()));
        }

        return new With(line, variables, ParseClosedBody("with", line, Inside([.. variables.SelectMany(variable => Names(variable.Target))])));
    }

    private Generation ParseGeneration(int line) => new(line, ParseClosedBody("generation", line));

    private LoopControl ParseLoopControl(int line, Flow flow)
    {
        CloseTag();
        return new LoopControl(line, flow);
    }
}
