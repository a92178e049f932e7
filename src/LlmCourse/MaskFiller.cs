using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Encoders;
using LlmCourse.Tokenization;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse;

/// <summary>
/// A masked language model that says what may stand in a mask: <c>filler.Fill("Paris is the [MASK] of France.")</c>. Safe to use from
/// several threads at once.
/// </summary>
public sealed class MaskFiller : IDisposable
{
    private readonly Llm _llm;
    private readonly bool _owned;
    private readonly int _mask;

    /// <summary>Over a model, or a view of one with adapters, which stays the caller's.</summary>
    /// <exception cref="ArgumentException">It is no masked language model, or its tokenizer has no mask.</exception>
    /// <exception cref="InvalidOperationException">It has no tokenizer.</exception>
    public MaskFiller(Llm llm)
    {
        _llm = LoadedModel.WithHead(llm, HeadKind.MaskedLanguageModel, "Filling masks takes a masked language model");
        _mask = llm.Tokenizer.MaskId ?? throw new ArgumentException("The tokenizer's files name no mask token.", nameof(llm));
    }

    private MaskFiller(Llm llm, bool owned)
        : this(llm) => _owned = owned;

    /// <summary>The token to write where a word is wanted, such as <c>[MASK]</c>.</summary>
    public string MaskToken => _llm.Tokenizer.IdToToken(_mask)!;

    /// <summary>Loads a folder, or a model of the hub; whoever loads it disposes it.</summary>
    public static MaskFiller Load(
        string model, LoadOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        LoadedModel.Use(Llm.Load(model, options, progress, cancellationToken), llm => new MaskFiller(llm, owned: true));

    /// <summary>What may stand in each mask of a text.</summary>
    /// <param name="text">A text with <see cref="MaskToken"/> in it.</param>
    /// <param name="top">How many tokens are given for each mask.</param>
    /// <returns>One entry for each mask, in the order of the text.</returns>
    /// <exception cref="ArgumentException">The text has no mask.</exception>
    /// <exception cref="SequenceTooLongException">The text is longer than the model can read.</exception>
    public IReadOnlyList<FilledMask> Fill(string text, int top = 5) => Fill([text], top)[0];

    /// <summary>The same of several texts, in batches of like length; each result depends on its own text only.</summary>
    public IReadOnlyList<IReadOnlyList<FilledMask>> Fill(IReadOnlyList<string> texts, int top = 5, int batchSize = 32, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        int count = Math.Min(top, _llm.Model.Config.VocabularySize);
        IReadOnlyList<EncodedText> encoded = _llm.Tokenizer.EncodeBatch(texts);
        int[][] masks = [.. encoded.Select(text => Enumerable.Range(0, text.Ids.Count).Where(t => text.Ids[t] == _mask).ToArray())];
        if (Array.FindIndex(masks, found => found.Length == 0) is var without and >= 0)
            throw new ArgumentException($"Text {without} has no {MaskToken}.", nameof(texts));
        return _llm.RunTexts<IReadOnlyList<FilledMask>>(encoded, batchSize, Run, cancellationToken);

        IReadOnlyList<IReadOnlyList<FilledMask>> Run(Batch batch, ForwardContext view, int[] rows)
        {
            using Hidden hidden = _llm.Model.Trunk.Run(batch.Input, view);
            // states [B, T, D] → those of the masks [N, D] → [N, V]
            long[] columns = [.. rows.SelectMany((text, r) => masks[text].Select(t => ((long)r * batch.Input.Width) + t))];
            Tensor states = hidden.States.reshape(-1, hidden.States.size(2)).index_select(0, tensor(columns, device: hidden.States.device));
            (Tensor values, Tensor ids) = _llm.Model.TokenLogits(states, view).to(ScalarType.Float32).softmax(-1).topk(count);
            float[] probabilities = [.. values.cpu().contiguous().data<float>()];
            long[] tokens = [.. ids.cpu().contiguous().data<long>()];
            int at = 0;
            return [.. rows.Select(text => (IReadOnlyList<FilledMask>)[.. masks[text].Select(t =>
            {
                int first = at++ * count;
                return new FilledMask(encoded[text].Offsets[t].Start, encoded[text].Offsets[t].End,
                    [.. Enumerable.Range(first, count).Select(i => Candidate(encoded[text], t, masks[text].Length > 1, (int)tokens[i], probabilities[i]))]);
            })])];
        }
    }

    /// <summary>Frees the model if <see cref="Load"/> made it.</summary>
    public void Dispose()
    {
        if (_owned)
            _llm.Dispose();
    }

    // Other masks are special tokens: where there are some, special tokens are shown.
    private MaskCandidate Candidate(EncodedText text, int at, bool several, int id, double probability)
    {
        int[] filled = [.. text.Ids];
        filled[at] = id;
        return new MaskCandidate(id, _llm.Tokenizer.Decode([id], skipSpecialTokens: false), probability, _llm.Tokenizer.Decode(filled, skipSpecialTokens: !several));
    }
}
