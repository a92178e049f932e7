using System.Text.Json;
using System.Threading.Channels;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Data;

/// <summary>
/// The batches of a set of examples, epoch by epoch without end. Examples are encoded and put together on another thread, a
/// few batches ahead of whoever asks. What comes next is a function of the seed and of how far it got.
/// </summary>
internal sealed class ExampleBatches : IBatchSource<Batch>
{
    private const int BatchesAhead = 4;

    private readonly Example[] _examples;
    private readonly int[] _kept;
    private readonly int[] _lengths;
    private readonly ExampleEncoder _encoder;
    private readonly long _seed;
    private readonly int _padId;
    private readonly int _decoderStartId;
    private readonly Device? _device;
    private (int Epoch, int Batch) _position;
    private (ChannelReader<Prepared?> Reader, CancellationTokenSource Stop, Task Work)? _ahead;

    /// <summary>Encodes every example once to know its length.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="encoder">How they become tokens.</param>
    /// <param name="seed">Of the order.</param>
    /// <param name="padId">What is written at padding.</param>
    /// <param name="decoderStartId">What an encoder–decoder's answers begin behind.</param>
    /// <param name="device">Where the batches live; null for the CPU.</param>
    /// <param name="cancellationToken">Checked between examples.</param>
    /// <exception cref="DataException">There are no examples, or none is left.</exception>
    public ExampleBatches(
        IEnumerable<Example> examples, ExampleEncoder encoder, long seed, int padId, int decoderStartId, Device? device,
        CancellationToken cancellationToken = default)
    {
        encoder.Options.Validate();
        if (encoder.Options.Packing && encoder.EncoderDecoder)
            throw new ArgumentException("Packing is for decoder-only models: cross-attention cannot tell packed examples apart.", nameof(encoder));
        _examples = [.. examples];
        if (_examples.Length == 0)
            throw new DataException("the examples", "there are none.");
        (_encoder, _seed, _padId, _decoderStartId, _device) = (encoder, seed, padId, decoderStartId, device);
        TokenizedExample?[] tokens = new TokenizedExample?[_examples.Length];
        ParallelOptions parallel = new() { CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, tokens.Length, parallel, i => tokens[i] = encoder.Encode(_examples[i]));
        }
        catch (AggregateException error)
        {
            throw error.InnerExceptions.FirstOrDefault(inner => inner is DataException) ?? error;
        }

        _kept = [.. Enumerable.Range(0, tokens.Length).Where(i => tokens[i] is { Labels: > 0 })];
        _lengths = Array.ConvertAll(_kept, i => tokens[i]!.Ids.Length);
        TokenizedExample[] kept = Array.ConvertAll(_kept, i => tokens[i]!);
        Report = new DataReport
        {
            Examples = tokens.Length,
            Kept = kept.Length,
            Tokens = kept.Sum(example => (long)example.Tokens),
            Labels = kept.Sum(example => (long)example.Labels),
            Cut = kept.Count(example => example.TokensCut > 0),
            TokensCut = kept.Sum(example => (long)example.TokensCut),
            TooLong = Sources(i => tokens[i] is null),
            WithoutLabels = Sources(i => tokens[i] is { Labels: 0 }),
        };
        if (kept.Length == 0)
            throw new DataException("the examples", $"none can be trained on: {Report}. Allow longer ones, or look at the templates.");
    }

    /// <summary>What became of the examples.</summary>
    public DataReport Report { get; }

    /// <inheritdoc/>
    public int? CountBatches(int epoch) => Plan(epoch).Length;

    /// <inheritdoc/>
    public Batch? Read(CancellationToken cancellationToken)
    {
        _ahead ??= Start(_position);
        ChannelReader<Prepared?> reader = _ahead.Value.Reader;
        while (true)
        {
            if (reader.TryRead(out Prepared? prepared))
            {
                _position = prepared is null ? (_position.Epoch + 1, 0) : (_position.Epoch, _position.Batch + 1);
                return prepared is null ? null : ToBatch(prepared);
            }

            if (!reader.WaitToReadAsync(cancellationToken).AsTask().GetAwaiter().GetResult())
                throw new InvalidOperationException("The batches have been disposed of.");
        }
    }

    /// <inheritdoc/>
    public JsonElement Save() => JsonSerializer.SerializeToElement(new Dictionary<string, int> { ["epoch"] = _position.Epoch, ["batch"] = _position.Batch });

    /// <inheritdoc/>
    public void Restore(JsonElement state)
    {
        Halt();
        _position = (state.GetProperty("epoch").GetInt32(), state.GetProperty("batch").GetInt32());
    }

    /// <inheritdoc/>
    public void Dispose() => Halt();

    private int[][][] Plan(int epoch) => BatchPlan.Of(_lengths, _encoder.Options, _encoder.MaxLength, _seed, epoch);

    private (ChannelReader<Prepared?> Reader, CancellationTokenSource Stop, Task Work) Start((int Epoch, int Batch) from)
    {
        Channel<Prepared?> channel = Channel.CreateBounded<Prepared?>(new BoundedChannelOptions(BatchesAhead) { SingleReader = true, SingleWriter = true });
        CancellationTokenSource stop = new();
        Task work = Task.Run(() => PrepareAsync(from, channel.Writer, stop.Token), CancellationToken.None);
        return (channel.Reader, stop, work);
    }

    private async Task PrepareAsync((int Epoch, int Batch) from, ChannelWriter<Prepared?> writer, CancellationToken stop)
    {
        try
        {
            for (int epoch = from.Epoch; ; epoch++)
            {
                foreach (int[][] rows in Plan(epoch).Skip(epoch == from.Epoch ? from.Batch : 0))
                    await writer.WriteAsync(Prepare(rows), stop).ConfigureAwait(false);
                await writer.WriteAsync(null, stop).ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            // Whoever asks for the next batch gets to know; a stop is no error.
            writer.TryComplete(error is OperationCanceledException ? null : error);
        }
    }

    private Prepared Prepare(int[][] rows) => new(
        Array.ConvertAll(rows, row => Array.ConvertAll(row, example => _encoder.Encode(_examples[_kept[example]])!)),
        [.. rows.SelectMany(row => row).Select(example => ExampleEncoder.Where(_examples[_kept[example]]))]);

    private Batch ToBatch(Prepared prepared)
    {
        TokenizedExample[][] rows = prepared.Rows;
        Batch batch = _encoder.EncoderDecoder
            ? Batch.ForEncoderDecoder(Array.ConvertAll(rows, row => row[0].Ids), Array.ConvertAll(rows, row => row[0].Answer!), _decoderStartId, _padId, _device)
            : Batch.ForPackedDecoder(
                Array.ConvertAll(rows, row => Array.ConvertAll(row, part => part.Ids)), Array.ConvertAll(rows, row => row.SelectMany(part => part.IsLabel!).ToArray()), _padId, _device);
        batch.Sources = prepared.Sources;
        return batch;
    }

    private void Halt()
    {
        if (_ahead is not { } ahead)
            return;
        ahead.Stop.Cancel();
        ahead.Work.GetAwaiter().GetResult();
        ahead.Stop.Dispose();
        _ahead = null;
    }

    private string[] Sources(Func<int, bool> which) => [.. Enumerable.Range(0, _examples.Length).Where(which).Select(i => ExampleEncoder.Where(_examples[i]))];

    private sealed record Prepared(TokenizedExample[][] Rows, string[] Sources);
}
