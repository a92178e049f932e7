using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace LlmCourse.Generation;

/// <summary>Generation on another thread, read token by token.</summary>
/// <param name="generate">Generates, and says what comes; of several completions the first is read.</param>
internal sealed class TokenStream(Action<TokenGenerator.OnToken, CancellationToken> generate)
{
    /// <summary>Generates. A reader that has had enough ends the generation too, and never before it has let go of the model.</summary>
    public async IAsyncEnumerable<StreamedToken> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Channel<StreamedToken> channel = Channel.CreateUnbounded<StreamedToken>();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task work = Task.Run(
            () =>
            {
                try
                {
                    generate((row, id, text) =>
                    {
                        if (row == 0)
                            channel.Writer.TryWrite(new StreamedToken(id, text));
                    }, stop.Token);
                }
                finally
                {
                    channel.Writer.Complete();
                }
            },
            CancellationToken.None);
        try
        {
            await foreach (StreamedToken token in channel.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return token;
            await work.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
