namespace LlmCourse.Generation;

/// <summary>Turns the tokens of one answer into text as they come: pieces put together are the whole text.</summary>
internal interface ITokenText
{
    /// <summary>Takes a token and gives what text is certain now, which may be none.</summary>
    public string Push(int token);

    /// <summary>Gives what is left when no token follows.</summary>
    public string Flush();
}
