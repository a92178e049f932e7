using System.Runtime.CompilerServices;
using System.Text;
using LlmCourse.Generation;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse;

/// <summary>
/// A conversation with a model, which keeps what it has read: a turn costs the new message and the answer, not all that was said
/// before. Answers are those of <see cref="Llm.Chat(IReadOnlyList{ChatMessage}, GenerationOptions?, CancellationToken)"/> with all
/// <see cref="Messages"/>, but for rounding: where two tokens are all but equally likely, a draw may take the other. What is kept is
/// found by comparing tokens, so a template may write an old turn as it likes. One turn at a time. Whoever starts it disposes it,
/// before the model. It does not notice that a model is trained or moved: start another then.
/// </summary>
public sealed class ChatSession : IDisposable
{
    private readonly Llm _llm;
    private readonly ChatOptions _options;
    private readonly TokenGenerator _generator;
    private readonly List<ChatMessage> _messages = [];
    private readonly KeptTokens _kept;
    private int _turns; // under way: 0 or 1; on disposal as many as never end

    internal ChatSession(Llm llm, TokenGenerator generator, ChatOptions options)
    {
        (_llm, _generator, _options) = (llm, generator, options);
        _kept = new KeptTokens(generator);
        Reset();
    }

    /// <summary>What has been said: the system's message if there is one, then messages of user and assistant in turn.</summary>
    public IReadOnlyList<ChatMessage> Messages => _messages.AsReadOnly();

    /// <summary>The last turn's answer in full; null before the first, and when the last was stopped or failed.</summary>
    public Completion? Answer { get; private set; }

    /// <summary>How many tokens of the last turn's prompt were there already and have not been read again.</summary>
    public int ReusedTokens => _kept.Reused;

    /// <summary>Says something and gives the answer. A turn that is cancelled or fails leaves no message behind.</summary>
    /// <param name="message">The user's message.</param>
    /// <param name="options">What differs from the model's defaults in this turn; null for none.</param>
    /// <param name="cancellationToken">Checked between tokens.</param>
    /// <exception cref="PromptTooLongException">The conversation leaves no room for an answer.</exception>
    /// <exception cref="InvalidOperationException">Another turn is under way.</exception>
    public Completion Send(string message, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        Begin();
        try
        {
            IReadOnlyList<ChatMessage> said = Asked(message, options, out int[] prompt);
            Completion answer = _kept.Complete(prompt, options, null, cancellationToken);
            Keep(said, answer.Text);
            return Answer = answer;
        }
        finally
        {
            End();
        }
    }

    /// <summary>
    /// Says something and yields the answer's pieces as they come. Of an answer that is stopped, by the token or by leaving the
    /// loop, what its reader was given stays in the conversation; a turn that fails, or was stopped before the first piece, leaves no message behind.
    /// </summary>
    /// <inheritdoc cref="Send"/>
    public async IAsyncEnumerable<string> StreamAsync(
        string message, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        Begin();
        StringBuilder given = new();
        IReadOnlyList<ChatMessage> said = [];
        bool failed = false;
        try
        {
            said = Asked(message, options, out int[] prompt);
            Completion? answer = null;
            TokenStream stream = new((onToken, stop) => answer = _kept.Complete(prompt, options, onToken, stop));
            await using IAsyncEnumerator<StreamedToken> tokens = stream.ReadAsync(cancellationToken).GetAsyncEnumerator(CancellationToken.None);
            while (true)
            {
                try
                {
                    if (!await tokens.MoveNextAsync().ConfigureAwait(false))
                        break;
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    failed = true;
                    throw;
                }

                string piece = tokens.Current.Text;
                if (piece.Length == 0)
                    continue;
                given.Append(piece);
                yield return piece;
            }

            Answer = answer;
        }
        finally
        {
            if (!failed && (given.Length > 0 || Answer is not null))
                Keep(said, given.ToString());
            End();
        }
    }

    /// <summary>Begins anew, with the system's message alone.</summary>
    /// <exception cref="InvalidOperationException">A turn is under way.</exception>
    public void Reset()
    {
        Begin();
        _messages.Clear();
        if (_options.System is { } system)
            _messages.Add(new ChatMessage("system", system));
        End();
    }

    /// <summary>Frees what is kept. A turn under way has to be at an end.</summary>
    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref _turns, int.MaxValue, 0) == 1)
            throw new InvalidOperationException("A turn is under way: end it before the session is disposed.");
        _kept.Dispose();
    }

    // The conversation with the new message, and as tokens up to where the answer begins.
    private List<ChatMessage> Asked(string message, GenerationOptions? options, out int[] prompt)
    {
        List<ChatMessage> said = [.. _messages, new ChatMessage("user", message)];
        prompt = Encode(said);
        int first = _options.System is null ? 0 : 1;
        while (_options.DropOldestTurns && said.Count > first + 1 && !_generator.HasRoom(prompt, options))
        {
            said.RemoveRange(first, 2); // a message and its answer
            prompt = Encode(said);
        }

        return said;
    }

    private int[] Encode(List<ChatMessage> said) => _llm.Tokenizer.EncodeIds(_llm.RenderChat(said, addGenerationPrompt: true, _options.Variables), addSpecialTokens: false);

    private void Keep(IReadOnlyList<ChatMessage> said, string answer)
    {
        _messages.Clear();
        _messages.AddRange([.. said, new ChatMessage("assistant", answer)]);
    }

    private void Begin()
    {
        int turns = Interlocked.CompareExchange(ref _turns, 1, 0);
        ObjectDisposedException.ThrowIf(turns == int.MaxValue, this);
        if (turns == 1)
            throw new InvalidOperationException("A turn of this conversation is under way: one after another, or start another conversation.");
        Answer = null;
    }

    private void End() => Volatile.Write(ref _turns, 0);
}
