namespace LlmCourse.Tokenization.Chat;

/// <summary>A place in a list of tokens, and the ways to go on from it.</summary>
internal abstract class TokenCursor(IReadOnlyList<TemplateToken> tokens)
{
    private int _at;

    /// <summary>The place of the current token.</summary>
    protected int Position => _at;

    protected TemplateToken Current => tokens[_at];

    protected TemplateToken Next() => tokens[_at == tokens.Count - 1 ? _at : _at++];

    protected TemplateToken Ahead => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    /// <summary>Whether a name occurs between a place and the current one.</summary>
    protected bool Mentions(string name, int since) =>
        Enumerable.Range(since, _at - since).Any(i => tokens[i].Is(TokenKind.Name, name));

    protected bool Skip(TokenKind kind, string text)
    {
        bool found = Current.Is(kind, text);
        if (found)
            Next();
        return found;
    }

    protected bool SkipOperator(string symbol) => Skip(TokenKind.Operator, symbol);

    protected bool SkipWord(string word) => Skip(TokenKind.Name, word);

    protected void Expect(TokenKind kind, string text)
    {
        if (!Skip(kind, text))
            throw Error($"expected '{text}', found {Current}");
    }

    protected string ExpectName() => Current.Kind == TokenKind.Name ? Next().Text : throw Error($"expected a name, found {Current}");

    protected ChatTemplateException Error(string reason) => new(ChatTemplateError.Syntax, reason, Current.Line);
}
