namespace Chat;

/// <summary>Ctrl+C while an answer is under way ends the answer and nothing else.</summary>
internal sealed class AnswerStop
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _answer;

    /// <summary>Ends the answer under way.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Stop()
    {
        lock (_lock)
        {
            _answer?.Cancel();
            return _answer is not null;
        }
    }

    /// <summary>Answers.</summary>
    /// <param name="answer">Answers until the token says stop.</param>
    /// <param name="stop">Ends the program.</param>
    public async Task During(Func<CancellationToken, Task> answer, CancellationToken stop)
    {
        using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Set(source);
        try
        {
            await answer(source.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            Console.WriteLine(" [stopped]");
        }
        finally
        {
            Set(null);
        }
    }

    private void Set(CancellationTokenSource? source)
    {
        lock (_lock)
            _answer = source;
    }
}
