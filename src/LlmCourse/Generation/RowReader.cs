using LlmCourse.Data;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>What the model says about the next tokens of a request's rows; with guidance, also what it says without the prompt.</summary>
internal sealed class RowReader : IDisposable
{
    /// <summary>For how many new tokens memory is allocated at once, at most.</summary>
    public const int FirstCapacity = 512;

    private readonly GenerationRequest _request;
    private readonly DecodingSession _session;
    private readonly DecodingSession? _other;
    private bool _begun;

    private RowReader(GenerationRequest request, DecodingSession session, DecodingSession? other)
    {
        _request = request;
        _session = session;
        _other = other;
    }

    /// <summary>How many tokens each row has read.</summary>
    public IReadOnlyList<int> Lengths => _session.Lengths;

    /// <summary>Opens sessions with a row for each prompt.</summary>
    public static RowReader Open(GenerationRequest request)
    {
        IReadOnlyList<IReadOnlyList<int>>? negative = request.Settings.GuidanceScale == 1 ? null : Negative(request);
        DecodingSession session = request.Session is null ? Session(request.Model, request.View, request, request.Prompts) : Continued(request, request.Session);
        try
        {
            return new RowReader(request, session, negative is null ? null : Session(request.Model, request.View, request, negative));
        }
        catch
        {
            if (session != request.Session)
                session.Dispose();
            throw;
        }
    }

    /// <summary>A session of a model that reads the prompts of a request: the encoder now, a decoder when it is asked.</summary>
    public static DecodingSession Session(
        TransformerModel model, ForwardContext view, GenerationRequest request, IReadOnlyList<IReadOnlyList<int>> prompts)
    {
        ResolvedGeneration settings = request.Settings;
        int longest = Enumerable.Range(0, prompts.Count).Max(i => request.Start(i).Count);
        int capacity = Math.Min(Enumerable.Range(0, prompts.Count).Max(i => settings.MaxLengthFor(request.Start(i).Count, request.VirtualTokens[i])), longest + FirstCapacity);
        if (model.Config.Encoder is null)
            return DecodingSession.Open(model, view, prompts.Count, capacity);
        using Sequences input = Sequences.FromRows(prompts, device: model.Device);
        return DecodingSession.Open(model, view, input, capacity);
    }

    /// <summary>Reads on in each row, and gives the logits behind its last token, [B, V].</summary>
    public (Tensor Logits, Tensor? Unconditional) Read(IReadOnlyList<IReadOnlyList<int>> tokens)
    {
        IReadOnlyList<IReadOnlyList<int>> other = _begun || _request.Model.Config.Encoder is not null ? tokens : Negative(_request);
        // The caller's session has read the beginning of its one prompt.
        IReadOnlyList<IReadOnlyList<int>> unread = _begun || _request.Session is null ? tokens : [[.. tokens[0].Skip(Lengths[0])]];
        _begun = true;
        return (Read(_session, unread), _other is null ? null : Read(_other, other));
    }

    /// <summary>Reads on in each row, and gives the logits behind its last counts[r] tokens, [Σ counts, V].</summary>
    public Tensor Read(IReadOnlyList<IReadOnlyList<int>> tokens, IReadOnlyList<int> counts)
    {
        using Sequences sequences = Sequences.FromRows(tokens, device: _request.Model.Device);
        return _session.AppendForLogits(sequences, counts);
    }

    /// <summary>Row i becomes what row rows[i] was.</summary>
    public void Select(params int[] rows)
    {
        _session.Select(rows);
        _other?.Select(rows);
    }

    /// <summary>Forgets what each row has read behind the given length.</summary>
    public void Truncate(IReadOnlyList<int> lengths) => _session.Truncate(lengths);

    public void Dispose()
    {
        if (_session != _request.Session)
            _session.Dispose();
        _other?.Dispose();
    }

    // Several rows are made of a copy, when the caller's session has read as much as is of use to the next prompt.
    private static DecodingSession Continued(GenerationRequest request, DecodingSession session)
    {
        if (request.Settings is { Beams: 1, Returned: 1 })
            return session;
        int[] unread = [.. request.Prompts[0].Skip(session.Lengths[0]).SkipLast(1)];
        if (unread.Length > 0)
        {
            using Sequences sequences = Sequences.FromRows([unread], device: request.Model.Device);
            session.Append(sequences).Dispose();
        }

        return session.Fork();
    }

    private Tensor Read(DecodingSession session, IReadOnlyList<IReadOnlyList<int>> tokens)
    {
        using Sequences sequences = Sequences.FromRows(tokens, device: _request.Model.Device);
        return session.AppendForLogits(sequences);
    }

    private static IReadOnlyList<IReadOnlyList<int>> Negative(GenerationRequest request)
    {
        IReadOnlyList<int>? negative = request.Settings.NegativePrompt;
        if (negative is null && request.DecoderStart is not null)
        {
            throw new ArgumentException(
                $"{nameof(GenerationOptions.Guidance)} of an encoder–decoder needs a {nameof(GuidanceOptions.NegativePrompt)}: what its encoder reads instead.");
        }

        for (int i = 0; negative is not null && request.DecoderStart is null && i < request.Prompts.Count; i++)
            request.Settings.RequireRoomFor(negative.Count, request.Start(i).Count, request.VirtualTokens[i]);
        return [.. request.Prompts.Select(prompt => negative ?? [prompt[^1]])];
    }
}
