using LlmCourse.Checkpoints;
using LlmCourse.Encoders;
using LlmCourse.Tokenization;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse;

/// <summary>
/// A model that gives texts labels: <c>classifier.Classify("I liked it.")[0].Label</c>. Where labels exclude each other their
/// probabilities add up to 1; where they do not, each has its own; a regression gives numbers. Safe to use from several threads at once.
/// </summary>
public sealed class TextClassifier : IDisposable
{
    private readonly Llm _llm;
    private readonly bool _owned;

    /// <summary>Over a model, or a view of one with adapters, which stays the caller's.</summary>
    /// <exception cref="ArgumentException">It classifies no texts.</exception>
    /// <exception cref="InvalidOperationException">It has no tokenizer.</exception>
    public TextClassifier(Llm llm)
    {
        _llm = LoadedModel.WithHead(llm, HeadKind.SequenceClassification, "Classifying texts takes a model for sequence classification");
        Labels = LabelNames.Of(llm.Model.Config.Head);
    }

    private TextClassifier(Llm llm, bool owned)
        : this(llm) => _owned = owned;

    /// <summary>The labels' names, in the order of their numbers.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Loads a folder, or a model of the hub; whoever loads it disposes it.</summary>
    public static TextClassifier Load(
        string model, LoadOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        LoadedModel.Use(Llm.Load(model, options, progress, cancellationToken), llm => new TextClassifier(llm, owned: true));

    /// <summary>All labels of a text, or of a pair of texts such as premise and hypothesis, the likeliest first.</summary>
    /// <exception cref="SequenceTooLongException">The text is longer than the model can read.</exception>
    public IReadOnlyList<LabelScore> Classify(string text, string? second = null) => Classify([(text, second)])[0];

    /// <summary>The same of several texts, in batches of like length; each result depends on its own text only.</summary>
    public IReadOnlyList<IReadOnlyList<LabelScore>> Classify(IReadOnlyList<string> texts, int batchSize = 32, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Classify([.. texts.Select(text => (text, (string?)null))], batchSize, cancellationToken);
    }

    /// <summary>The same of several pairs of texts.</summary>
    public IReadOnlyList<IReadOnlyList<LabelScore>> Classify(
        IReadOnlyList<(string Text, string? Second)> pairs, int batchSize = 32, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        IReadOnlyList<EncodedText> encoded = _llm.Tokenizer.EncodeBatch(pairs);
        return _llm.RunTexts<IReadOnlyList<LabelScore>>(encoded, batchSize, (batch, view, rows) =>
        {
            Tensor scores = Scores(_llm.Model.Logits(batch, view).to(ScalarType.Float32)).cpu().contiguous(); // [B, labels]
            float[] flat = [.. scores.data<float>()];
            return [.. flat.Chunk(Labels.Count).Select(row => (IReadOnlyList<LabelScore>)[.. row.Select((score, i) => new LabelScore(Labels[i], score)).OrderByDescending(label => label.Score)])];
        }, cancellationToken);
    }

    /// <summary>Frees the model if <see cref="Load"/> made it.</summary>
    public void Dispose()
    {
        if (_owned)
            _llm.Dispose();
    }

    // A single label without a word about its meaning is a yes or no, as in transformers and for cross-encoders.
    private Tensor Scores(Tensor logits) => _llm.Model.Config.Head switch
    {
        { Problem: ProblemType.Regression } => logits,
        { Problem: ProblemType.MultiLabel } or { Problem: null, Labels: 1 } => logits.sigmoid(),
        _ => logits.softmax(-1),
    };
}
