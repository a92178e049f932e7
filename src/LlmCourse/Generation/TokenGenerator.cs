using LlmCourse.Tokenization;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// Completes prompts given as token ids, many at once: greedy search, sampling, beams, or with a draft. What a row gets does not depend on
/// its neighbours. Safe for several threads: each call has sessions of its own.
/// </summary>
/// <param name="model">A model that predicts tokens.</param>
/// <param name="view">Adapters and virtual tokens.</param>
/// <param name="defaults">What generation_config.json says.</param>
/// <param name="tokenizer">Turns tokens into text; null where there are only ids.</param>
/// <param name="reader">Turns a negative prompt into tokens, where that is another tokenizer.</param>
internal sealed class TokenGenerator(
    TransformerModel model, ForwardContext view, GenerationDefaults defaults, PretrainedTokenizer? tokenizer = null, PretrainedTokenizer? reader = null)
{
    /// <summary>Called after each token of each row, on the generating thread, with the text that may be shown now.</summary>
    public delegate void OnToken(int row, int token, string piece);

    /// <summary>Completes every prompt.</summary>
    /// <param name="prompts">Token ids of each prompt, none empty: of the decoder, or of the encoder where there is one.</param>
    /// <param name="options">What the caller wants.</param>
    /// <param name="onToken">Listens to tokens as they come, of beams when they are at an end; a row's last call has the rest of its text.</param>
    /// <param name="cancellationToken">Checked between tokens.</param>
    public IReadOnlyList<Completion> Generate(
        IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions? options, OnToken? onToken = null, CancellationToken cancellationToken = default)
    {
        if (prompts.Count == 0)
            return [];
        return Run(Request(prompts, options) with { OnToken = onToken, CancellationToken = cancellationToken });
    }

    /// <summary>Completes one prompt in a session that has read a part of it, not all: the session is then behind the prompt, or further, within what was generated or proposed.</summary>
    public IReadOnlyList<Completion> Continue(
        DecodingSession session, IReadOnlyList<int> prompt, GenerationOptions? options, OnToken? onToken, CancellationToken cancellationToken) =>
        Run(Request([prompt], options) with { Session = session, OnToken = onToken, CancellationToken = cancellationToken });

    /// <summary>A session to continue in, of a decoder.</summary>
    public DecodingSession OpenSession(int capacity) => DecodingSession.Open(model, view, 1, capacity + RowReader.FirstCapacity);

    /// <summary>Whether behind a prompt there is room for an answer as long as the options have it, or half of the context.</summary>
    public bool HasRoom(IReadOnlyList<int> prompt, GenerationOptions? options)
    {
        GenerationRequest request = Request([prompt], options);
        return request.Settings.HasRoom(prompt.Count, request.VirtualTokens[0]);
    }

    private static IReadOnlyList<Completion> Run(GenerationRequest request)
    {
        GeneratedRow[] rows = request.Rows();
        request.CancellationToken.ThrowIfCancellationRequested();
        return request.Settings switch
        {
            { Beams: > 1 } => BeamSearch.Run(request, rows),
            { Assisted: not null } => AssistedSearch.Run(request, rows),
            _ => TokenSearch.Run(request, rows),
        };
    }

    /// <summary>The distribution of the token behind a prompt, as the options make it.</summary>
    public TokenDistribution NextToken(IReadOnlyList<int> prompt, GenerationOptions? options)
    {
        GenerationRequest request = Request([prompt], options);
        using DisposeScope scope = NewDisposeScope();
        using RowReader reading = RowReader.Open(request);
        IReadOnlyList<int> start = request.Start(0);
        (Tensor logits, Tensor? unconditional) = reading.Read([start]);
        Tensor scores = new LogitsPipeline(request.Settings).Apply(logits, [request.Progress(0, start)], unconditional);
        return TokenDistribution.Of(scores.squeeze(0), request.Settings, request.Name);
    }

    internal GenerationRequest Request(IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions? options)
    {
        if (model.Config.Decoder is null)
            throw new InvalidOperationException("The model is an encoder alone, which writes no text: see MaskFiller, TextClassifier, TextTagger and SentenceEncoder.");
        for (int i = 0; i < prompts.Count; i++)
        {
            if (prompts[i] is not { Count: > 0 })
                throw new ArgumentException($"Prompt {i} has no tokens.", nameof(prompts));
        }

        if (options?.Guidance is { NegativePrompt: { } text, NegativePromptIds: null } guidance)
            options = options with { Guidance = guidance with { NegativePromptIds = Encode(text) } };
        ResolvedGeneration settings = ResolvedGeneration.From(options, defaults, model.Config.VocabularySize, model.Config.Last.Positions.Limit);
        if (tokenizer is null && (settings.StopStrings.Count > 0 || settings.StopWhen is not null))
            throw new InvalidOperationException("Stop strings and stop predicates need a tokenizer.");
        bool encodes = model.Config.Encoder is not null;
        return new GenerationRequest
        {
            Model = model,
            View = view,
            Settings = settings,
            Prompts = prompts,
            // Embeddings of a soft prompt are the encoder's where there is one.
            VirtualTokens = (encodes ? view.Virtual?.Keyed : view.Virtual)?.Counts<ISoftPrompt>(prompts.Count) ?? new int[prompts.Count],
            DecoderStart = encodes ? DecoderStart() : null,
            Tokenizer = tokenizer,
        };
    }

    private int[] Encode(string negative) => (reader ?? tokenizer)?.EncodeIds(negative)
        ?? throw new InvalidOperationException($"A {nameof(GuidanceOptions.NegativePrompt)} needs a tokenizer: give {nameof(GuidanceOptions.NegativePromptIds)}.");

    private int DecoderStart() => defaults.DecoderStartTokenId ?? model.Config.DecoderStartTokenId ?? defaults.BosTokenId ?? model.Config.BosTokenId
        ?? throw new InvalidOperationException("The model says nowhere which token starts its decoder.");
}
