namespace LlmCourse.Transformers;

/// <summary>One stack of blocks, an encoder's or a decoder's: what the block of this library can be told to be.</summary>
public sealed record StackConfig
{
    /// <summary>The number of blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>How many groups of layers share their weights (ALBERT; Lan et al. 2020, section 3.1); null: every layer has its own.</summary>
    public int? LayerGroups { get; init; }

    /// <summary>With <see cref="LayerGroups"/>: how many layers of different weights a group runs one after the other.</summary>
    public int GroupSize { get; init; } = 1;

    /// <summary>Query heads H.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads: <see cref="Heads"/> unless set (1 is multi-query, between is grouped-query attention).</summary>
    public int? KeyValueHeads { get; init; }

    /// <summary>The size of one head; H × size need not be the width.</summary>
    public required int HeadSize { get; init; }

    /// <summary>The inner width of the feed-forward.</summary>
    public required int FeedForwardWidth { get; init; }

    /// <summary>Whether a position sees only itself and what is before it.</summary>
    public bool Causal { get; init; }

    /// <summary>Whether each block also reads an encoder.</summary>
    public bool CrossAttention { get; init; }

    /// <summary>How order enters.</summary>
    public PositionConfig Positions { get; init; } = new();

    /// <summary>
    /// For each layer how its attention turns queries and keys: rotary, or <see cref="PositionKind.None"/> for not at all. Empty: all
    /// layers as <see cref="Positions"/> says.
    /// </summary>
    public IReadOnlyList<PositionConfig> LayerPositions { get; init; } = [];

    /// <summary>Which normalisation, and where.</summary>
    public NormConfig Norm { get; init; } = new();

    /// <summary>The non-linearity of the feed-forward.</summary>
    public Activation Activation { get; init; } = Activation.Relu;

    /// <summary>Whether the activation gates a second projection (GLU variants, Shazeer 2020).</summary>
    public bool Gated { get; init; }

    /// <summary>Biases on q, k and v.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>A bias on the attention's output projection.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Biases in the feed-forward.</summary>
    public bool FeedForwardBias { get; init; }

    /// <summary>Whether q, k and v are one parameter, as in GPT-2's <c>c_attn</c>.</summary>
    public bool FusedQueryKeyValue { get; init; }

    /// <summary>Whether that parameter holds q, k and v of one head after the other (GPT-NeoX), not all of q first.</summary>
    public bool QueryKeyValueByHead { get; init; }

    /// <summary>Whether gate and up are one parameter, as in ModernBERT's <c>Wi</c> and Phi-3's <c>gate_up_proj</c>.</summary>
    public bool FusedGateUp { get; init; }

    /// <summary>Whether queries and keys are normalised head by head.</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>Whether that takes all heads together as one vector (OLMo 2).</summary>
    public bool JointQueryKeyNorm { get; init; }

    /// <summary>What scores are multiplied by: 1/√head size unless set (T5: 1).</summary>
    public double? AttentionScale { get; init; }

    /// <summary>Whether layer n, counted from 1, divides them by n as well (GPT-2's <c>scale_attn_by_inverse_layer_idx</c>).</summary>
    public bool AttentionScaleByLayer { get; init; }

    /// <summary>Scores become cap · tanh(score / cap), or stay where null.</summary>
    public double? AttentionSoftcap { get; init; }

    /// <summary>
    /// For each layer how many positions back, itself included, it sees; null is all. Empty: all layers see all. A layer that is not
    /// causal sees as many ahead.
    /// </summary>
    public IReadOnlyList<int?> Windows { get; init; } = [];

    /// <summary>Whether attention and feed-forward read the same stream, each through its norm, and are added together.</summary>
    public bool ParallelResidual { get; init; }

    /// <summary>What embeddings are multiplied by.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Whether that factor is rounded to the type of the weights first (Gemma; in bf16 √3072 is 55.5).</summary>
    public bool RoundedEmbeddingScale { get; init; }

    /// <summary>The number of token types, 0 for none.</summary>
    public int TokenTypes { get; init; }

    /// <summary>Dropout on what each sub-layer adds, and on embeddings unless <see cref="EmbeddingDropout"/> is set.</summary>
    public double Dropout { get; init; }

    /// <summary>Dropout on embeddings; null is <see cref="Dropout"/>.</summary>
    public double? EmbeddingDropout { get; init; }

    /// <summary>Dropout on what attention adds; null is <see cref="Dropout"/>.</summary>
    public double? AttentionOutputDropout { get; init; }

    /// <summary>Dropout on what the feed-forward adds; null is <see cref="Dropout"/>.</summary>
    public double? FeedForwardOutputDropout { get; init; }

    /// <summary>Dropout on attention weights.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Dropout inside the feed-forward, behind the activation.</summary>
    public double ActivationDropout { get; init; }

    /// <summary>Whether dropout also follows the final norm (T5).</summary>
    public bool FinalDropout { get; init; }

    internal int KeyValueHeadCount => KeyValueHeads ?? Heads;

    internal double Scale => AttentionScale ?? 1 / Math.Sqrt(HeadSize);

    internal double ScaleOf(int layer) => AttentionScaleByLayer ? Scale / (layer + 1) : Scale;

    internal PositionConfig PositionsOf(int layer) => LayerPositions.Count == 0 ? Positions : LayerPositions[layer];

    /// <summary>Whether rotary frequencies depend on how long a sequence is.</summary>
    internal bool PositionsVary => Enumerable.Range(0, Layers).Any(layer => PositionsOf(layer) is { Kind: PositionKind.Rotary, Scaling.Varies: true });

    /// <summary>Whether sequences of both lengths turn queries and keys by the same frequencies.</summary>
    internal bool TurnAlike(int length, int other) =>
        Enumerable.Range(0, Layers).Select(layer => PositionsOf(layer).Scaling).All(scaling => scaling is null || scaling.Variant(length) == scaling.Variant(other));

    internal int? Window(int layer) => Windows.Count == 0 ? null : Windows[layer];

    /// <summary>How many layers have weights of their own.</summary>
    internal int OwnLayers => LayerGroups is { } groups ? checked(groups * GroupSize) : Layers;

    /// <summary>Whose weights a layer runs: its own number, or that of a layer of its group.</summary>
    internal int WeightsOf(int layer) => LayerGroups is { } groups
        ? ((int)(layer / GroupSize / ((double)(Layers / GroupSize) / groups)) * GroupSize) + (layer % GroupSize)
        : layer;

    internal void Validate(string name, int width)
    {
        TransformerConfig.Positive(Layers, $"{name}.{nameof(Layers)}");
        TransformerConfig.Positive(Heads, $"{name}.{nameof(Heads)}");
        TransformerConfig.Positive(HeadSize, $"{name}.{nameof(HeadSize)}");
        TransformerConfig.Positive(FeedForwardWidth, $"{name}.{nameof(FeedForwardWidth)}");
        if (KeyValueHeadCount <= 0 || Heads % KeyValueHeadCount != 0)
            throw new ArgumentException($"{name}.{nameof(KeyValueHeads)} must divide Heads = {Heads}, found {KeyValueHeadCount}.");
        if (Windows.Count != 0 && (Windows.Count != Layers || Windows.Any(window => window <= 0)))
            throw new ArgumentException($"{name}.{nameof(Windows)} must have one positive or null entry for each of the {Layers} layers.");
        TransformerConfig.Positive(GroupSize, $"{name}.{nameof(GroupSize)}");
        if (LayerGroups is { } groups && (groups <= 0 || Layers % GroupSize != 0 || groups > Layers / GroupSize))
            throw new ArgumentException($"{name}.{nameof(LayerGroups)} = {groups} groups of {nameof(GroupSize)} = {GroupSize} layers do not fit into {Layers} layers.");
        TransformerConfig.Fits((long)Heads * HeadSize, width, $"{name}.{nameof(HeadSize)} × {nameof(Heads)}");
        TransformerConfig.Fits(FeedForwardWidth, width, $"{name}.{nameof(FeedForwardWidth)}");
        TransformerConfig.Fits(TokenTypes, width, $"{name}.{nameof(TokenTypes)}");
        TransformerConfig.Share(Dropout, $"{name}.{nameof(Dropout)}");
        TransformerConfig.Share(AttentionDropout, $"{name}.{nameof(AttentionDropout)}");
        TransformerConfig.Share(ActivationDropout, $"{name}.{nameof(ActivationDropout)}");
        TransformerConfig.Share(EmbeddingDropout ?? 0, $"{name}.{nameof(EmbeddingDropout)}");
        TransformerConfig.Share(AttentionOutputDropout ?? 0, $"{name}.{nameof(AttentionOutputDropout)}");
        TransformerConfig.Share(FeedForwardOutputDropout ?? 0, $"{name}.{nameof(FeedForwardOutputDropout)}");
        if (AttentionSoftcap is not (null or > 0))
            throw new ArgumentException($"{name}.{nameof(AttentionSoftcap)} must be positive, found {AttentionSoftcap}.");
        if (AttentionScale is { } scale && !double.IsFinite(scale))
            throw new ArgumentException($"{name}.{nameof(AttentionScale)} must be finite, found {scale}.");
        if (!double.IsFinite(EmbeddingScale))
            throw new ArgumentException($"{name}.{nameof(EmbeddingScale)} must be finite, found {EmbeddingScale}.");
        if (TokenTypes < 0)
            throw new ArgumentException($"{name}.{nameof(TokenTypes)} must not be negative, found {TokenTypes}.");
        if (AttentionScaleByLayer && CrossAttention)
            throw new ArgumentException($"{name}.{nameof(AttentionScaleByLayer)} goes without cross-attention.");
        if (Positions.BiasByLayer && (Positions.Kind != PositionKind.RelativeBias || LayerGroups is not null))
            throw new ArgumentException($"{name}.{nameof(Positions)}.{nameof(Positions.BiasByLayer)} is for a relative bias, and for layers with weights of their own.");
        if (QueryKeyValueByHead && (!FusedQueryKeyValue || KeyValueHeadCount != Heads))
            throw new ArgumentException($"{name}.{nameof(QueryKeyValueByHead)} goes with {nameof(FusedQueryKeyValue)} and as many key as query heads.");
        if (JointQueryKeyNorm && (!QueryKeyNorm || QueryKeyValueByHead))
            throw new ArgumentException($"{name}.{nameof(JointQueryKeyNorm)} goes with {nameof(QueryKeyNorm)} and without {nameof(QueryKeyValueByHead)}.");
        if (FusedGateUp && !Gated)
            throw new ArgumentException($"{name}.{nameof(FusedGateUp)} is for {nameof(Gated)} only.");
        if (ParallelResidual && (CrossAttention || Norm.Placement != NormPlacement.Pre))
            throw new ArgumentException($"{name}.{nameof(ParallelResidual)} goes with norms before the sub-layers and without cross-attention.");
        Norm.Validate($"{name}.{nameof(Norm)}");
        Positions.Validate($"{name}.{nameof(Positions)}", HeadSize);
        if (LayerPositions.Count != 0 && (LayerPositions.Count != Layers || Positions.Kind != PositionKind.Rotary))
            throw new ArgumentException($"{name}.{nameof(LayerPositions)} must have one entry for each of the {Layers} layers, and {nameof(Positions)} be rotary.");
        foreach (PositionConfig positions in LayerPositions)
        {
            if (positions.Kind is not (PositionKind.Rotary or PositionKind.None))
                throw new ArgumentException($"{name}.{nameof(LayerPositions)} must be rotary or none, found {positions.Kind}.");
            positions.Validate($"{name}.{nameof(LayerPositions)}", HeadSize);
        }

        TransformerConfig.Fits(Positions.Count, width, $"{name}.{nameof(Positions)}.{nameof(Positions.Count)}");
        TransformerConfig.Fits(Positions.Buckets, Heads, $"{name}.{nameof(Positions)}.{nameof(Positions.Buckets)}");
    }
}
