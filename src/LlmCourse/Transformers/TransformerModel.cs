using System.IO.Enumeration;
using LlmCourse.Data;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Transformers;

/// <summary>
/// A transformer with its weights: a trunk and the head its configuration names. It owns its parameters; forwards take what
/// else they need as a <see cref="ForwardContext"/>, so that one model serves several threads.
/// </summary>
public sealed class TransformerModel : IDisposable
{
    private readonly ParameterStore _store;
    private readonly Linear? _pooler;
    private readonly LanguageModelHead? _languageModel;
    private readonly ClassificationHead? _classifier;
    private readonly ScalarHead? _scalar;

    /// <summary>A model with random weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="seed">Of the random weights: the same seed gives the same model.</param>
    /// <param name="type">The type of the weights.</param>
    /// <param name="device">Where they live; null for the CPU.</param>
    public TransformerModel(TransformerConfig config, long seed, ScalarType type = ScalarType.Float32, Device? device = null)
        : this(config, type, device ?? CPU) => RandomWeights.Fill(this, seed);

    /// <summary>A model whose weights are allocated but not set: a loader fills them.</summary>
    internal TransformerModel(TransformerConfig config, ScalarType type, Device device)
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config.Validate();
        if (Kernels.Fast)
            AlignedBlocks.Reuse();
        _store = new ParameterStore(type, device);
        Trunk = new Trunk(_store, config);
        if (config.Pooler)
            _pooler = new Linear(_store, config.Width, bias: true, ("pooler", config.Width));
        switch (config.Head.Kind)
        {
            case HeadKind.LanguageModel or HeadKind.MaskedLanguageModel:
                _languageModel = new LanguageModelHead(_store, config, Trunk.TokenTable);
                break;
            case HeadKind.SequenceClassification or HeadKind.TokenClassification:
                _classifier = new ClassificationHead(_store, config);
                break;
            case HeadKind.Scalar:
                _scalar = new ScalarHead(_store, config.StateWidth, transform: HeadTransform.Of(_store, config, config.StateWidth));
                break;
        }
    }

    /// <summary>The architecture.</summary>
    public TransformerConfig Config { get; private set; }

    /// <summary>Embeddings and stacks.</summary>
    public Trunk Trunk { get; }

    /// <summary>Where the weights live.</summary>
    public Device Device => _store.Device;

    /// <summary>The type of the weights.</summary>
    public ScalarType Type => _store.Type;

    /// <summary>The canonical name of every parameter, and the parameter; a tied tensor appears once.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> NamedParameters => _store.Named;

    /// <summary>The number of weights.</summary>
    public long ParameterCount => _store.Named.Sum(entry => entry.Parameter.numel());

    /// <summary>Whether the head gives labels.</summary>
    internal bool IsClassifier => _classifier is not null;

    /// <summary>The places where adapters may act.</summary>
    internal IEnumerable<AdapterSite> Sites => [.. Trunk.Sites, .. _pooler?.Sites ?? [], .. _languageModel?.Sites ?? [], .. _classifier?.Sites ?? [], .. _scalar?.Sites ?? []];

    internal ParameterStore Store => _store;

    /// <summary>Gives an output matrix that is tied to the token table a storage of its own.</summary>
    internal void Untie()
    {
        using var noGradient = no_grad();
        LanguageModel.Untie(_store, Trunk.TokenTable);
        Config = Config with { Head = Config.Head with { Tied = false } };
    }

    /// <summary>Undoes <see cref="Untie"/>.</summary>
    internal void Retie()
    {
        LanguageModel.Retie(_store);
        Config = Config with { Head = Config.Head with { Tied = true } };
    }

    /// <summary>The parameters that want a gradient, for an optimizer.</summary>
    public IEnumerable<Parameter> TrainableParameters() => _store.Named.Select(entry => entry.Parameter).Where(parameter => parameter.requires_grad);

    /// <summary>Sets whether parameters want a gradient, chosen by patterns of their names in which <c>*</c> stands for anything.</summary>
    /// <param name="trainable">Whether they want one.</param>
    /// <param name="patterns">Patterns such as <c>embeddings.*</c> or <c>*.norm.weight</c>; each must name something.</param>
    /// <exception cref="ArgumentException">A pattern names nothing; the message says so and lists what there is.</exception>
    public void SetTrainable(bool trainable, params IReadOnlyList<string> patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        HashSet<Parameter> chosen = [];
        foreach (string pattern in patterns)
        {
            Parameter[] named = [.. NamedParameters.Where(entry => FileSystemName.MatchesSimpleExpression(pattern, entry.Name, ignoreCase: false)).Select(entry => entry.Parameter)];
            if (named.Length == 0)
                throw new ArgumentException($"No parameter is named '{pattern}'; there are {string.Join(", ", NamedParameters.Select(entry => entry.Name).Take(12))} …", nameof(patterns));
            chosen.UnionWith(named);
        }

        foreach (Parameter parameter in chosen)
            parameter.requires_grad = trainable;
    }

    /// <summary>
    /// Logits of a batch: [B, T, V] for language models (of the decoder where there is one), [B, labels] or [B, T, labels]
    /// for classifiers. The caller owns the result.
    /// </summary>
    public Tensor Logits(Batch batch, ForwardContext? context = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        context ??= ForwardContext.Evaluation;
        using Hidden hidden = Trunk.Run(batch, context);
        return Logits(hidden, batch.Decoder ?? batch.Input, context);
    }

    /// <summary>The head's logits of hidden states that the trunk made.</summary>
    internal Tensor Logits(Hidden hidden, Sequences sequences, ForwardContext context)
    {
        if (_languageModel is not null)
            return _languageModel.Logits(hidden.States, context);
        if (_classifier is null)
            throw new InvalidOperationException($"A model with head {Config.Head.Kind} has no logits.");
        using Tensor? pooled = _pooler is null ? null : Pooled(hidden, context);
        return _classifier.Logits(hidden, sequences, pooled, context);
    }

    /// <summary>Logits of chosen states, [.., D] → [.., V].</summary>
    internal Tensor TokenLogits(Tensor states, ForwardContext context) => LanguageModel.Logits(states, context);

    /// <summary>Σ −log p(label) over chosen states [N, D] with labels int64 [N]: a scalar.</summary>
    internal Tensor TokenLossSum(Tensor states, Tensor labels, ForwardContext context) => LanguageModel.LossSum(states, labels, context);

    /// <summary>The pooler's output, tanh of a dense layer over the first position: [B, D].</summary>
    public Tensor Pooled(Hidden hidden, ForwardContext? context = null)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        if (_pooler is null)
            throw new InvalidOperationException("The model has no pooler.");
        using Tensor first = ClassificationHead.First(hidden);
        using Tensor dense = _pooler.Forward(first, context ?? ForwardContext.Evaluation);
        return dense.tanh();
    }

    /// <summary>A number at every position, [B, T], for a model with a scalar head.</summary>
    public Tensor Values(Hidden hidden, ForwardContext? context = null)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        return (_scalar ?? throw new InvalidOperationException($"A model with head {Config.Head.Kind} has no values.")).Values(hidden, context ?? ForwardContext.Evaluation);
    }

    /// <summary>
    /// Moves every weight; ties and shared storage stay. Parameters become new objects: make optimizers afterwards. Adapters stay
    /// where they are, and those that are merged cannot be taken out any more.
    /// </summary>
    public void To(Device? device = null, ScalarType? type = null) => _store.To(type ?? Type, device ?? Device);

    private LanguageModelHead LanguageModel =>
        _languageModel ?? throw new InvalidOperationException($"A model with head {Config.Head.Kind} predicts no tokens.");

    /// <inheritdoc/>
    public void Dispose()
    {
        Trunk.Dispose();
        _store.Dispose();
    }
}
