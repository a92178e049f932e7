using LlmCourse.Checkpoints;
using LlmCourse.Encoders;
using LlmCourse.Tokenization;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse;

/// <summary>
/// A model that labels stretches of a text, such as names: <c>tagger.Tag("Ada Lovelace lived in London.")</c>. What is labelled O
/// (outside) is left out. Safe to use from several threads at once.
/// </summary>
public sealed class TextTagger : IDisposable
{
    private readonly Llm _llm;
    private readonly bool _owned;

    /// <summary>Over a model, or a view of one with adapters, which stays the caller's.</summary>
    /// <exception cref="ArgumentException">It labels no tokens.</exception>
    /// <exception cref="InvalidOperationException">It has no tokenizer.</exception>
    public TextTagger(Llm llm)
    {
        _llm = LoadedModel.WithHead(llm, HeadKind.TokenClassification, "Labelling words takes a model for token classification");
        Labels = LabelNames.Of(llm.Model.Config.Head);
    }

    private TextTagger(Llm llm, bool owned)
        : this(llm) => _owned = owned;

    /// <summary>The labels' names, in the order of their numbers.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Loads a folder, or a model of the hub; whoever loads it disposes it.</summary>
    public static TextTagger Load(
        string model, LoadOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        LoadedModel.Use(Llm.Load(model, options, progress, cancellationToken), llm => new TextTagger(llm, owned: true));

    /// <summary>The labelled stretches of a text, in its order.</summary>
    /// <param name="text">The text.</param>
    /// <param name="aggregation">How tokens become words and names.</param>
    /// <exception cref="SequenceTooLongException">The text is longer than the model can read.</exception>
    public IReadOnlyList<TaggedSpan> Tag(string text, SpanAggregation aggregation = SpanAggregation.First) => Tag([text], aggregation)[0];

    /// <summary>The same of several texts, in batches of like length; each result depends on its own text only.</summary>
    public IReadOnlyList<IReadOnlyList<TaggedSpan>> Tag(
        IReadOnlyList<string> texts, SpanAggregation aggregation = SpanAggregation.First, int batchSize = 32, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        IReadOnlyList<EncodedText> encoded = _llm.Tokenizer.EncodeBatch(texts);
        return _llm.RunTexts<IReadOnlyList<TaggedSpan>>(encoded, batchSize, (batch, view, rows) =>
        {
            Tensor probabilities = _llm.Model.Logits(batch, view).to(ScalarType.Float32).softmax(-1).cpu().contiguous(); // [B, T, labels]
            float[] flat = [.. probabilities.data<float>()];
            float[][][] byRow = [.. flat.Chunk(Labels.Count).Chunk(batch.Input.Width)];
            return [.. rows.Select((i, r) => TagSpans.Of(texts[i], encoded[i], byRow[r], label => Labels[label], aggregation))];
        }, cancellationToken);
    }

    /// <summary>Frees the model if <see cref="Load"/> made it.</summary>
    public void Dispose()
    {
        if (_owned)
            _llm.Dispose();
    }
}
