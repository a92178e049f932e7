namespace LlmCourse.Transformers;

/// <summary>
/// A transformer as data: every architectural choice is a value here, and one block reads them all. An encoder–decoder has
/// both stacks, a decoder-only model only <see cref="Decoder"/>, an encoder-only model only <see cref="Encoder"/>.
/// </summary>
public sealed record TransformerConfig
{
    private const long LargestMatrix = 1L << 40;

    /// <summary>The number of token ids.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The width D of the residual stream (d_model).</summary>
    public required int Width { get; init; }

    /// <summary>
    /// The width E of the tables where it is not the stream's: a linear map leads from it to <see cref="Width"/> (Lan et al. 2020,
    /// section 3.1). Null: the tables are as wide as the stream, and there is no map.
    /// </summary>
    public int? EmbeddingWidth { get; init; }

    /// <summary>
    /// Whether only the tokens' table is of width E: its vectors are mapped, without a bias, before positions are added, and another map
    /// leads the last states back to E, where the head reads them (OPT-350M).
    /// </summary>
    public bool NarrowTokens { get; init; }

    /// <summary>The encoder, or null.</summary>
    public StackConfig? Encoder { get; init; }

    /// <summary>The decoder, or null.</summary>
    public StackConfig? Decoder { get; init; }

    /// <summary>What reads the hidden states.</summary>
    public HeadConfig Head { get; init; } = new();

    /// <summary>Whether a dense tanh layer reads the first position (BERT's pooler).</summary>
    public bool Pooler { get; init; }

    /// <summary>How random weights are drawn where no checkpoint is loaded.</summary>
    public Initialization Initialization { get; init; } = Initialization.Normal;

    /// <summary>The standard deviation of <see cref="Initialization.Normal"/>.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>The id of padding, where the model has one.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>The id that begins a text, where the model has one.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>The ids that end a text.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>The first id of a decoder that reads an encoder.</summary>
    public int? DecoderStartTokenId { get; init; }

    /// <summary>The width of a token's vector in the table.</summary>
    internal int TableWidth => EmbeddingWidth ?? Width;

    /// <summary>The width of what the head reads.</summary>
    internal int StateWidth => NarrowTokens ? TableWidth : Width;

    /// <summary>The stack whose states the head reads.</summary>
    internal StackConfig Last => Decoder ?? Encoder!;

    /// <summary>
    /// The original "Attention is all you need" model (Vaswani et al., 2017, table 3): post-norm, sinusoidal positions,
    /// ReLU, biases everywhere; <c>base</c> is 6 + 6 layers of width 512 = 8 heads × 64, feed-forward 2048. One embedding
    /// [V, 512] serves encoder, decoder and output, scaled by √512 at the input (section 3.4). Shapes: ids [B, T] →
    /// embedded [B, T, 512] → per head q, k, v [B, 8, T, 64] → scores [B, 8, T, S] → mixed [B, T, 512] → logits [B, T, V].
    /// </summary>
    public static TransformerConfig Original(
        int vocabularySize, int width = 512, int heads = 8, int layers = 6, int feedForwardWidth = 2048, double dropout = 0.1)
    {
        Positive(heads, nameof(heads));
        if (width % heads != 0)
            throw new ArgumentException($"The width {width} is not a multiple of {heads} heads.", nameof(width));
        StackConfig encoder = new()
        {
            Layers = layers,
            Heads = heads,
            HeadSize = width / heads,
            FeedForwardWidth = feedForwardWidth,
            Positions = new PositionConfig { Kind = PositionKind.Sinusoidal },
            Norm = new NormConfig { Kind = NormKind.Layer, Placement = NormPlacement.Post, Epsilon = 1e-5 },
            Activation = Activation.Relu,
            QueryKeyValueBias = true,
            OutputBias = true,
            FeedForwardBias = true,
            EmbeddingScale = Math.Sqrt(width),
            Dropout = dropout,
        };
        return new TransformerConfig
        {
            VocabularySize = vocabularySize,
            Width = width,
            Encoder = encoder,
            Decoder = encoder with { Causal = true, CrossAttention = true },
            Head = new HeadConfig { Kind = HeadKind.LanguageModel, Tied = true },
            Initialization = Initialization.Xavier,
        };
    }

    /// <summary>Checks every value and returns this.</summary>
    /// <exception cref="ArgumentException">A value is out of range; the message names the property.</exception>
    public TransformerConfig Validate()
    {
        Positive(VocabularySize, nameof(VocabularySize));
        Positive(Width, nameof(Width));
        if (Encoder is null && Decoder is null)
            throw new ArgumentException("A transformer needs an Encoder, a Decoder, or both.");
        Fits(VocabularySize, Width, nameof(VocabularySize));
        Fits(Width, Width, nameof(Width));
        Positive(TableWidth, nameof(EmbeddingWidth));
        Fits(VocabularySize, TableWidth, nameof(EmbeddingWidth));
        if (NarrowTokens && (EmbeddingWidth is null || Decoder is null || Encoder is not null || Pooler))
            throw new ArgumentException($"{nameof(NarrowTokens)} needs an {nameof(EmbeddingWidth)}, and is for a model with a {nameof(Decoder)} alone.");
        if (Head is { Kind: HeadKind.LanguageModel or HeadKind.MaskedLanguageModel, Transform: null } && TableWidth != StateWidth)
            throw new ArgumentException($"{nameof(EmbeddingWidth)} = {TableWidth} and {nameof(Width)} = {Width} need a Head.Transform between states and output.");
        Encoder?.Validate(nameof(Encoder), Width);
        Decoder?.Validate(nameof(Decoder), Width);
        if (Encoder is { Causal: true })
            throw new ArgumentException("Encoder.Causal must be false.");
        if (Decoder is { Causal: false })
            throw new ArgumentException("Decoder.Causal must be true.");
        if ((Decoder?.CrossAttention ?? false) != (Encoder is not null && Decoder is not null))
            throw new ArgumentException("Decoder.CrossAttention must be true exactly where there is an Encoder too.");
        if (Head.Kind is HeadKind.SequenceClassification or HeadKind.TokenClassification)
        {
            Positive(Head.Labels, "Head.Labels");
            Fits(Head.Labels, StateWidth, "Head.Labels");
        }

        if (Head.Softcap is not (null or > 0))
            throw new ArgumentException($"Head.Softcap must be positive, found {Head.Softcap}.");
        Share(Head.Dropout, "Head.Dropout");
        Share(Head.TransformDropout, "Head.TransformDropout");
        if (Head.Mean && (Head.Kind != HeadKind.SequenceClassification || Decoder is not null || Pooler))
            throw new ArgumentException("Head.Mean is for sequence classification by an encoder without a pooler.");
        if (!(InitializerRange >= 0))
            throw new ArgumentException($"{nameof(InitializerRange)} must not be negative, found {InitializerRange}.");
        return this;
    }

    internal static void Positive(long value, string name)
    {
        if (value <= 0)
            throw new ArgumentException($"{name} must be positive, found {value}.");
    }

    internal static void Share(double value, string name)
    {
        if (!(value is >= 0 and < 1))
            throw new ArgumentException($"{name} must be in [0, 1), found {value}.");
    }

    /// <summary>Refuses matrices that no machine holds, before their sizes overflow anywhere.</summary>
    internal static void Fits(long rows, long columns, string name)
    {
        if (rows > LargestMatrix / columns)
            throw new ArgumentException($"{name} is too large: it means a matrix of {rows} × {columns}.");
    }
}
