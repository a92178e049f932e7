using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Tokenization;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// The decoding loop: greedy search and sampling over token ids, many rows at once. Rows that are finished leave the batch;
/// what a row gets does not depend on its neighbours. Safe for several threads: each call has a session of its own.
/// </summary>
/// <param name="model">A model that predicts tokens.</param>
/// <param name="view">Adapters and virtual tokens.</param>
/// <param name="defaults">What generation_config.json says.</param>
/// <param name="tokenizer">Turns tokens into text; null where there are only ids.</param>
internal sealed class TokenGenerator(TransformerModel model, ForwardContext view, GenerationDefaults defaults, PretrainedTokenizer? tokenizer = null)
{
    private const int FirstCapacity = 512;

    /// <summary>Called after each token of each row, on the generating thread, with the text that may be shown now.</summary>
    public delegate void OnToken(int row, int token, string piece);

    /// <summary>Completes every prompt.</summary>
    /// <param name="prompts">Token ids of each prompt, none empty: of the decoder, or of the encoder where there is one.</param>
    /// <param name="options">What the caller wants.</param>
    /// <param name="onToken">Listens to tokens as they come; a row's last call has the rest of its text.</param>
    /// <param name="cancellationToken">Checked between tokens.</param>
    public IReadOnlyList<Completion> Generate(
        IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions? options, OnToken? onToken = null, CancellationToken cancellationToken = default)
    {
        if (prompts.Count == 0)
            return [];
        ResolvedGeneration settings = Resolve(options);
        if (tokenizer is null && (settings.StopStrings.Count > 0 || settings.StopWhen is not null))
            throw new InvalidOperationException("Stop strings and stop predicates need a tokenizer.");
        int[] front = VirtualTokens(prompts.Count);
        Row[] rows = [.. prompts.Select((prompt, index) => NewRow(index, prompt, settings, front[index]))];
        LogitsPipeline pipeline = new(settings);
        using DisposeScope scope = NewDisposeScope();
        using TokenRecord record = new(settings.TopAlternatives);
        cancellationToken.ThrowIfCancellationRequested();
        using DecodingSession session = Open(prompts, rows, settings);

        Row[] active = rows;
        IReadOnlyList<IReadOnlyList<int>> next = [.. rows.Select(row => (IReadOnlyList<int>)row.Tokens)];
        for (int step = 0; active.Length > 0; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope stepScope = NewDisposeScope();
            Tensor logits = Read(session, next);
            Tensor scores = pipeline.Apply(logits, [.. active.Select(row => new RowProgress(row.Tokens, row.PromptLength, row.VirtualTokens))]);
            double[] uniforms = settings.Samples ? Philox.Uniforms(settings.Seed, [.. active.Select(row => (long)row.Index)], step) : [];
            using TokenChoice choice = Sampler.Choose(scores, settings, uniforms);
            record.Add([.. active.Select(row => row.Index)], logits, choice);

            for (int i = 0; i < active.Length; i++)
                active[i].Take((int)choice.HostIds[i], settings, onToken);
            int[] left = [.. Enumerable.Range(0, active.Length).Where(i => active[i].Reason is null)];
            if (left.Length < active.Length && left.Length > 0)
                session.Select(left);
            active = [.. left.Select(i => active[i])];
            next = [.. active.Select(row => (IReadOnlyList<int>)[row.Tokens[^1]])];
        }

        return record.Complete(rows, prompts, settings, Name);
    }

    /// <summary>The distribution of the token behind a prompt, as the options make it.</summary>
    public TokenDistribution NextToken(IReadOnlyList<int> prompt, GenerationOptions? options)
    {
        ResolvedGeneration settings = Resolve(options);
        using DisposeScope scope = NewDisposeScope();
        Row row = NewRow(0, prompt, settings, VirtualTokens(1)[0]);
        using DecodingSession session = Open([prompt], [row], settings);
        Tensor logits = Read(session, [row.Tokens]);
        Tensor scores = new LogitsPipeline(settings).Apply(logits, [new RowProgress(row.Tokens, row.PromptLength, row.VirtualTokens)]);
        return TokenDistribution.Of(scores.squeeze(0), settings, Name);
    }

    private string Name(int id) => tokenizer?.Decode([id]) ?? id.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private ResolvedGeneration Resolve(GenerationOptions? options) =>
        ResolvedGeneration.From(options, defaults, model.Config.VocabularySize, model.Config.Last.Positions.Limit);

    private Row NewRow(int index, IReadOnlyList<int> prompt, ResolvedGeneration settings, int virtualTokens)
    {
        if (prompt is not { Count: > 0 })
            throw new ArgumentException($"Prompt {index} has no tokens.", nameof(prompt));
        bool continues = model.Config.Encoder is null;
        int[] start = continues ? [.. prompt] : [DecoderStart()];
        IncrementalDecoder? text = tokenizer is null ? null : new IncrementalDecoder(tokenizer, skipSpecialTokens: true, continues ? prompt : null);
        return new Row(index, start, settings, text, virtualTokens);
    }

    // How many positions of each row's decoder a soft prompt takes: embeddings are the encoder's where there is one.
    private int[] VirtualTokens(int rows) =>
        (model.Config.Encoder is null ? view.Virtual : view.Virtual?.Keyed)?.Counts<ISoftPrompt>(rows) ?? new int[rows];

    private int DecoderStart() => defaults.DecoderStartTokenId ?? model.Config.DecoderStartTokenId ?? defaults.BosTokenId ?? model.Config.BosTokenId
        ?? throw new InvalidOperationException("The model says nowhere which token starts its decoder.");

    private DecodingSession Open(IReadOnlyList<IReadOnlyList<int>> prompts, Row[] rows, ResolvedGeneration settings)
    {
        int longest = rows.Max(row => row.PromptLength);
        int capacity = Math.Min(rows.Max(row => settings.MaxLengthFor(row.PromptLength, row.VirtualTokens)), longest + FirstCapacity);
        if (model.Config.Encoder is null)
            return DecodingSession.Open(model, view, rows.Length, capacity);
        using Sequences input = Sequences.FromRows(prompts, device: model.Device);
        return DecodingSession.Open(model, view, input, capacity);
    }

    private Tensor Read(DecodingSession session, IReadOnlyList<IReadOnlyList<int>> tokens)
    {
        using Sequences sequences = Sequences.FromRows(tokens, device: model.Device);
        return session.AppendForLogits(sequences);
    }

    /// <summary>One prompt on its way.</summary>
    internal sealed class Row(int index, int[] start, ResolvedGeneration settings, IncrementalDecoder? text, int virtualTokens)
    {
        private readonly int _full = settings.MaxLengthFor(start.Length, virtualTokens);
        private readonly StopStringMatcher _stops = new(settings.StopStrings);
        private readonly System.Text.StringBuilder _shown = new();

        public int Index { get; } = index;

        /// <summary>The decoder's tokens so far.</summary>
        public List<int> Tokens { get; } = [.. start];

        public int PromptLength { get; } = start.Length;

        public int VirtualTokens { get; } = virtualTokens;

        public FinishReason? Reason { get; private set; }

        public string? StopString => _stops.Found;

        public string Text => _shown.ToString();

        /// <summary>Takes the next token, and says so; decides whether it was the last.</summary>
        public void Take(int token, ResolvedGeneration settings, OnToken? onToken)
        {
            Tokens.Add(token);
            string piece = text is null ? "" : _stops.Append(text.Push(token) ?? "");
            _shown.Append(piece);
            Reason = _stops.Found is not null ? FinishReason.StopString
                : settings.EosTokenIds.Contains(token) ? FinishReason.EndOfSequence
                : settings.StopWhen?.Invoke(new PartialCompletion(Index, Text, [.. Tokens.Skip(PromptLength)])) == true ? FinishReason.StopPredicate
                : Tokens.Count >= _full ? settings.LimitReason(PromptLength, VirtualTokens)
                : null;
            if (Reason is not null && Reason != FinishReason.StopString && text is not null)
            {
                string rest = _stops.Append(text.Flush());
                rest += _stops.Flush();
                _shown.Append(rest);
                piece += rest;
                if (_stops.Found is not null)
                    Reason = FinishReason.StopString;
            }

            onToken?.Invoke(Index, token, piece);
        }
    }
}
