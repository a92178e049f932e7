using LlmCourse.Data;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// Rows of tokens that a model has read, and may read on: prefill, one step, the check of a draft and the next turn of a chat
/// are the same call. A session keeps the view it was opened with, since what it has cached belongs to it. Not for several
/// threads at once; several sessions over one model are.
/// </summary>
internal sealed class DecodingSession : IDisposable
{
    private readonly TransformerModel _model;
    private ForwardContext _context;
    private readonly KeyValueCache _cache;
    private readonly StackConfig _decoder;
    private EncoderMemory? _memory;
    private int[] _prompts; // for each row the row of the beginning that it comes from

    // Where rotary frequencies depend on a row's length: what each row has read, and for which length its cached keys were turned.
    private (List<int> Tokens, int TurnedFor)[]? _read;

    private DecodingSession(TransformerModel model, ForwardContext view, KeyValueCache cache, EncoderMemory? memory)
    {
        _model = model;
        _cache = cache;
        _context = view with { Cache = cache, FreezeBase = true };
        _decoder = model.Config.Decoder!;
        _memory = memory;
        _read = _decoder.PositionsVary ? [.. cache.Lengths.Select(_ => (new List<int>(), 0))] : null;
        _prompts = [.. Enumerable.Range(0, cache.Lengths.Count)];
    }

    /// <summary>How many tokens each row has read; virtual ones do not count.</summary>
    public IReadOnlyList<int> Lengths => [.. _cache.Lengths.Select((length, row) => length - VirtualRead(row))];

    /// <summary>The number of rows.</summary>
    public int Rows => _cache.Lengths.Count;

    /// <summary>Opens a session of a decoder-only model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="view">Adapters and virtual tokens.</param>
    /// <param name="rows">How many rows there will be.</param>
    /// <param name="capacity">For how many tokens a row memory is allocated at once; more are possible.</param>
    public static DecodingSession Open(TransformerModel model, ForwardContext view, int rows, int capacity)
    {
        if (model.Config.Decoder is not { CrossAttention: false } decoder)
            throw new InvalidOperationException("A session without an encoder's input needs a decoder-only model.");
        int virtualTokens = view.Virtual?.Counts<ISoftPrompt>(rows).Max() ?? 0;
        return new DecodingSession(model, view, new KeyValueCache(decoder, rows, capacity + virtualTokens), null);
    }

    /// <summary>Opens a session of an encoder–decoder: the encoder reads the input now, and never again.</summary>
    public static DecodingSession Open(TransformerModel model, ForwardContext view, Sequences encoderInput, int capacity)
    {
        if (model.Config.Decoder is not { CrossAttention: true } decoder)
            throw new InvalidOperationException("A session with an encoder's input needs an encoder–decoder.");
        using var noGrad = no_grad();
        using EncoderState state = model.Trunk.Encode(encoderInput, view with { FreezeBase = true });
        view = view with { Virtual = view.Virtual?.Keyed }; // the encoder has read the embeddings
        int virtualTokens = view.Virtual?.Counts<ISoftPrompt>(encoderInput.Count).Max() ?? 0;
        return new DecodingSession(model, view, new KeyValueCache(decoder, encoderInput.Count, capacity + virtualTokens), state.Memory.Share());
    }

    /// <summary>
    /// Reads on: row r of <paramref name="tokens"/> comes behind what row r has. Rows may differ in length (padded on the
    /// right). Gives the hidden states of the new tokens, [B, T, D], as a forward pass over the whole rows would: where rotary
    /// frequencies depend on a row's length and that changes them, rows are read again from their beginning.
    /// </summary>
    public Hidden Append(Sequences tokens)
    {
        if (tokens.Count != Rows)
            throw new ArgumentException($"The session has {Rows} rows, the tokens {tokens.Count}.", nameof(tokens));
        using var noGrad = no_grad();
        if (_read is null)
            return _model.Trunk.Run(tokens, _context, _memory);
        (List<int> Tokens, int TurnedFor)[] read = [.. _read.Select((row, r) =>
            ((List<int>)[.. row.Tokens, .. tokens.Row(r)], row.Tokens.Count + tokens.Lengths[r] + (_context.Virtual?.At(r)?.Count ?? 0)))];
        // Keys that were turned for a length with other frequencies are no use any more, nor is what upper layers made of them.
        bool again = Enumerable.Range(0, Rows).Any(r => _cache.Lengths[r] > 0 && !_decoder.TurnAlike(_read[r].TurnedFor, read[r].TurnedFor));
        Hidden hidden = again ? ReadAgain(read, tokens) : _model.Trunk.Run(tokens, _context, _memory);
        _read = read;
        return hidden;
    }

    // Reads whole rows, as a forward pass without a cache does, and gives the states of their last tokens.
    private Hidden ReadAgain((List<int> Tokens, int TurnedFor)[] rows, Sequences last)
    {
        _cache.Truncate(new int[Rows]);
        using Sequences all = Sequences.FromRows([.. rows.Select(row => row.Tokens)], device: last.Ids.device);
        using Hidden whole = _model.Trunk.Run(all, _context with { CaptureHiddenStates = false, CaptureAttentions = false }, _memory);
        return whole.Last(all.Lengths, last.Lengths, last.Width);
    }

    /// <summary>Reads on and gives the logits behind each row's last token, [B, V].</summary>
    public Tensor AppendForLogits(Sequences tokens) => AppendForLogits(tokens, [.. Enumerable.Repeat(1, tokens.Count)]);

    /// <summary>Reads on and gives the logits behind the last <paramref name="counts"/>[r] tokens of each row, row by row: [Σ counts, V].</summary>
    public Tensor AppendForLogits(Sequences tokens, IReadOnlyList<int> counts)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Hidden hidden = Append(tokens);
        Tensor last = hidden.States;
        int most = counts.Max();
        if (tokens.Width > most || !tokens.IsDense)
        {
            // [B, T, D] → [B·T, D] → [B, n, D], what a row lacks in front
            long[] places = [.. tokens.Lengths.SelectMany((length, r) => Enumerable.Range(length - most, most).Select(at => ((long)r * tokens.Width) + Math.Max(at, 0)))];
            last = last.reshape(-1, last.size(2)).index_select(0, tensor(places, ScalarType.Int64, last.device)).view(tokens.Count, most, last.size(2));
        }

        Tensor logits = _model.TokenLogits(last, _context).flatten(0, 1); // [B, n, V] → [B·n, V]
        if (counts.Min() < most)
        {
            long[] wanted = [.. counts.SelectMany((count, r) => Enumerable.Range(((r + 1) * most) - count, count).Select(at => (long)at))];
            logits = logits.index_select(0, tensor(wanted, ScalarType.Int64, logits.device));
        }

        return logits.MoveToOuterDisposeScope();
    }

    /// <summary>Row i becomes what row rows[i] was: reorders, drops and multiplies rows.</summary>
    public void Select(params int[] rows)
    {
        if (rows.Length == 0 || rows.Any(row => row < 0 || row >= Rows))
            throw new ArgumentOutOfRangeException(nameof(rows), $"Rows must be among the session's {Rows}, at least one.");
        using var noGrad = no_grad();
        _read = _read is null ? null : Array.ConvertAll(rows, row => ((List<int>)[.. _read[row].Tokens], _read[row].TurnedFor));
        // Beams change places within their prompt: what belongs to a prompt stays where it is.
        int[] prompts = Array.ConvertAll(rows, row => _prompts[row]);
        bool samePrompts = prompts.AsSpan().SequenceEqual(_prompts);
        _cache.Select(rows, crossToo: !samePrompts);
        if (samePrompts)
            return;
        _prompts = prompts;
        if (_memory is not null)
        {
            EncoderMemory old = _memory;
            _memory = old.Select(rows);
            old.Dispose();
        }

        _context = _context with { Adapter = _context.Adapter?.Select(rows), Virtual = _context.Virtual?.Select(rows) };
    }

    /// <summary>Forgets what each row has behind the given length.</summary>
    public void Truncate(IReadOnlyList<int> lengths)
    {
        if (lengths.Count != Rows)
            throw new ArgumentException($"The session has {Rows} rows, found {lengths.Count} lengths.", nameof(lengths));
        IReadOnlyList<int> now = Lengths;
        for (int r = 0; r < Rows; r++)
        {
            if (lengths[r] < 0 || lengths[r] > now[r])
                throw new ArgumentOutOfRangeException(nameof(lengths), $"Row {r} has {now[r]} tokens and cannot be cut to {lengths[r]}.");
        }

        _cache.Truncate([.. lengths.Select((length, row) => length + VirtualRead(row))]);
        for (int r = 0; r < (_read?.Length ?? 0); r++)
            _read![r].Tokens.RemoveRange(lengths[r], _read[r].Tokens.Count - lengths[r]);
    }

    /// <summary>An independent session at the same place.</summary>
    public DecodingSession Fork()
    {
        using var noGrad = no_grad();
        return new DecodingSession(_model, _context, _cache.Fork(), _memory?.Select([.. Enumerable.Range(0, Rows)]))
        {
            _prompts = _prompts,
            _read = _read is null ? null : Array.ConvertAll(_read, row => ((List<int>)[.. row.Tokens], row.TurnedFor)),
        };
    }

    public void Dispose()
    {
        _cache.Dispose();
        _memory?.Dispose();
    }

    // Virtual tokens are read with the first real ones.
    private int VirtualRead(int row) => _cache.Columns == 0 ? 0 : _context.Virtual?.At(row)?.Count ?? 0;
}
