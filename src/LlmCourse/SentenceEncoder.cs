using LlmCourse.Checkpoints;
using LlmCourse.Encoders;
using LlmCourse.Evaluation.Text;
using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Chat;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse;

/// <summary>
/// A model that turns texts into vectors whose nearness is nearness of meaning (Reimers and Gurevych 2019), as sentence-transformers
/// publishes them: <c>encoder.Similarity(encoder.Encode("a cat"), encoder.Encode("a kitten"))</c>. Safe to use from several threads at once.
/// </summary>
public sealed class SentenceEncoder : IDisposable
{
    private readonly Llm _llm;
    private readonly SentenceFolder _folder;

    private SentenceEncoder(Llm llm, SentenceFolder folder)
    {
        (_llm, _folder) = (llm, folder);
        int width = llm.Model.Config.Width * folder.Pooling.Modes.Count;
        foreach (ISentenceModule module in folder.Modules)
            width = module.Width(width);
        Dimension = width;
        int? limit = llm.ContextLength;
        MaxLength = folder.MaxLength is { } own && !(own > limit) ? own : limit;
    }

    /// <summary>The transformer and its tokenizer.</summary>
    public Llm Llm => _llm;

    /// <summary>How many numbers an embedding has.</summary>
    public int Dimension { get; }

    /// <summary>The most tokens that are read of a text, special ones included; what is behind them is not read. Null: no limit.</summary>
    public int? MaxLength { get; }

    /// <summary>Texts that the model wants in front of what is encoded, by their names, such as <c>query</c>.</summary>
    public IReadOnlyDictionary<string, string> Prompts => _folder.Prompts;

    /// <summary>How its embeddings are meant to be compared.</summary>
    public SimilarityFunction SimilarityFunction => _folder.Similarity;

    /// <summary>
    /// Loads a folder of sentence-transformers, or a model of the hub; of a folder without <c>modules.json</c> the states
    /// are averaged. Whoever loads it disposes it.
    /// </summary>
    /// <exception cref="CheckpointException">A file is missing, damaged or asks for what is not supported; the message says which and what.</exception>
    public static SentenceEncoder Load(
        string model, LoadOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        options ??= new LoadOptions();
        string path = Llm.PlaceOf(model, options, progress, cancellationToken);
        SentenceFolder folder = SentenceFolder.Open(path, options.Type, options.Device ?? CPU);
        try
        {
            return LoadedModel.Use(Llm.LoadTrunk(folder.TransformerPath, options, progress, cancellationToken), llm => Over(llm, folder, path));
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>The embedding of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="promptName">Which of <see cref="Prompts"/> stands in front; null for the model's own choice, which is mostly none.</param>
    public float[] Encode(string text, string? promptName = null) => Encode([text], promptName)[0];

    /// <summary>The embeddings of several texts, in batches of like length; each depends on its own text only.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="promptName">Which of <see cref="Prompts"/> stands in front; null for the model's own choice, which is mostly none.</param>
    /// <param name="batchSize">How many are run at once.</param>
    /// <param name="cancellationToken">Checked between batches.</param>
    /// <exception cref="ArgumentException">There is no prompt of this name; the message lists those there are.</exception>
    public IReadOnlyList<float[]> Encode(
        IReadOnlyList<string> texts, string? promptName = null, int batchSize = 32, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        string prompt = (promptName ?? _folder.DefaultPrompt) is not { } name ? ""
            : Prompts.TryGetValue(name, out string? named) ? named
            : throw new ArgumentException($"No prompt is called '{name}'; there are {string.Join(", ", Prompts.Keys)}.", nameof(promptName));
        int promptLength = prompt.Length == 0 || _folder.Pooling.IncludesPrompt ? 0 : PromptLength(prompt);
        return _llm.RunTexts<float[]>(Tokens([.. texts.Select(text => prompt + text)]), batchSize, (batch, view, _) =>
        {
            using Hidden hidden = _llm.Model.Trunk.Run(batch.Input, view);
            Tensor x = _folder.Pooling.Forward(hidden.States, batch.Input, promptLength);
            foreach (ISentenceModule module in _folder.Modules)
                x = module.Forward(x);
            float[] flat = [.. x.to(ScalarType.Float32).cpu().contiguous().data<float>()];
            return [.. flat.Chunk(Dimension)];
        }, cancellationToken);
    }

    /// <summary>How alike two embeddings are by <see cref="SimilarityFunction"/>; more is more alike.</summary>
    public double Similarity(ReadOnlySpan<float> first, ReadOnlySpan<float> second) => Similarities.Of(SimilarityFunction, first, second);

    /// <summary>The cosine of the angle between two embeddings, −1 to 1.</summary>
    public static double Cosine(ReadOnlySpan<float> first, ReadOnlySpan<float> second) => Similarities.Of(Encoders.SimilarityFunction.Cosine, first, second);

    /// <summary>The embeddings that are most like another one.</summary>
    /// <param name="query">An embedding.</param>
    /// <param name="embeddings">Those to search in.</param>
    /// <param name="top">How many are wanted.</param>
    /// <returns>Their numbers and similarities, the nearest first; of equals the first first.</returns>
    public IReadOnlyList<(int Index, double Similarity)> Nearest(float[] query, IReadOnlyList<float[]> embeddings, int top = 5)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        return [.. embeddings.Select((embedding, i) => (Index: i, Similarity: Similarity(query, embedding))).OrderByDescending(pair => pair.Similarity).Take(top)];
    }

    /// <summary>The tokens of texts as the model reads them: without white space around them, and not more than fit.</summary>
    internal IReadOnlyList<EncodedText> Tokens(IReadOnlyList<string> texts) => _llm.Tokenizer.EncodeBatch(
        texts.Select(text => Prepared(text ?? throw new ArgumentException("A text is null.", nameof(texts)))),
        new EncodingOptions { Truncation = MaxLength is { } length ? new TruncationOptions { MaxLength = length, Side = _folder.TruncationSide } : null });

    /// <summary>Frees the model.</summary>
    public void Dispose()
    {
        _folder.Dispose();
        _llm.Dispose();
    }

    private static SentenceEncoder Over(Llm llm, SentenceFolder folder, string path)
    {
        try
        {
            _ = llm.Tokenizer;
            return new SentenceEncoder(llm, folder);
        }
        catch (ArgumentException error)
        {
            throw new CheckpointException(Path.Combine(path, "modules.json"), error.Message, error);
        }
    }

    private string Prepared(string text)
    {
        int start = 0, end = text.Length;
        while (start < end && WhiteSpace.Is(text[start]))
            start++;
        while (end > start && WhiteSpace.Is(text[end - 1]))
            end--;
        return _folder.Lowers ? LetterCase.Lower(text[start..end]) : text[start..end];
    }

    // The token that ends a text ends the whole, not the prompt.
    private int PromptLength(string prompt)
    {
        EncodedText tokens = Tokens([prompt])[0];
        return tokens.Ids.Count - (tokens.SpecialTokensMask is [.., 1] ? 1 : 0);
    }
}
