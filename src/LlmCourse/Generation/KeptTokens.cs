using LlmCourse.Transformers;

namespace LlmCourse.Generation;

/// <summary>
/// What a decoder has read of one text that grows, from request to request: of each prompt only what comes behind the tokens it
/// has in common with the last one is read.
/// </summary>
internal sealed class KeptTokens(TokenGenerator generator) : IDisposable
{
    private readonly List<int> _read = []; // what the session has read
    private DecodingSession? _session;

    /// <summary>How many tokens of the last prompt were not read again.</summary>
    public int Reused { get; private set; }

    /// <summary>Completes a prompt; of several completions, gives the first.</summary>
    public Completion Complete(
        IReadOnlyList<int> prompt, GenerationOptions? options, TokenGenerator.OnToken? onToken, CancellationToken cancellationToken)
    {
        List<int> tokens = [.. prompt];
        // The logits behind the last token are not kept.
        Cut(Math.Min(_read.Zip(prompt).TakeWhile(pair => pair.First == pair.Second).Count(), prompt.Count - 1));
        Reused = _read.Count;
        bool whole = false; // whether the session is as it should be
        try
        {
            Completion answer = generator.Continue(_session ??= generator.OpenSession(prompt.Count), prompt, options, (row, id, text) =>
            {
                if (row > 0)
                    return;
                tokens.Add(id);
                onToken?.Invoke(row, id, text);
            }, cancellationToken)[0];
            whole = true;
            return answer;
        }
        catch (Exception error) when (error is OperationCanceledException or PromptTooLongException)
        {
            whole = true; // both come between two tokens
            throw;
        }
        finally
        {
            // Proposals of a draft may stand behind the last token.
            int length = Math.Min(_session?.Lengths[0] ?? 0, tokens.Count - 1);
            _read.Clear();
            if (whole)
                _read.AddRange(tokens.Take(length));
            Cut(_read.Count);
        }
    }

    public void Dispose()
    {
        _session?.Dispose();
        _session = null;
        _read.Clear();
    }

    private void Cut(int length)
    {
        _read.RemoveRange(length, _read.Count - length);
        if (length == 0)
            Dispose();
        else
            _session!.Truncate([length]);
    }
}
