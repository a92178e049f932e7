using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>Virtual tokens that are trained themselves: see <see cref="PromptTuningOptions"/>. A loaded P-tuning becomes one, too.</summary>
internal sealed class PromptTuning : SoftPrompt, IVirtualEmbeddings
{
    private readonly Parameter _embeddings;

    /// <param name="finished"><c>prompt_embeddings</c> [n, D], or [2n, D] for encoder–decoders; copied.</param>
    /// <param name="count">n.</param>
    public PromptTuning(Tensor finished, int count)
        : base(count)
    {
        if (finished.dim() != 2 || finished.size(0) < count)
            throw new ArgumentException($"Embeddings of {count} virtual tokens must be [{count} or more, D], found [{string.Join(", ", finished.shape)}].", nameof(finished));
        _embeddings = Add("embedding.weight", finished);
    }

    /// <summary>New virtual tokens for a model.</summary>
    /// <param name="options">How many, and what they are at first.</param>
    /// <param name="model">The model.</param>
    /// <param name="text">The token ids of the options' text, with those that the tokenizer adds; else null.</param>
    public static PromptTuning Create(PromptTuningOptions options, TransformerModel model, IReadOnlyList<int>? text = null)
    {
        options.Validate();
        if (options.Initialization == PromptInitialization.Text && text is not { Count: > 0 })
            throw new ArgumentException($"{nameof(options.Text)} '{options.Text}' has no tokens.", nameof(text));
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Draws draws = new(options.Seed, model);
        int rows = options.VirtualTokens * StoredRows(model.Config);
        if (options.Initialization == PromptInitialization.Random)
            return new PromptTuning(draws.Normal(rows, model.Config.TableWidth), options.VirtualTokens);
        Tensor ids = options.Initialization == PromptInitialization.Vocabulary
            ? draws.Ids(rows)
            : tensor(Enumerable.Range(0, rows).Select(i => (long)text![i % text.Count]).ToArray(), ScalarType.Int64, model.Device);
        return new PromptTuning(model.Trunk.Scaled(model.Trunk.TokenTable.Whole.index_select(0, ids)), options.VirtualTokens);
    }

    public Tensor Embeddings()
    {
        RequireAlive();
        return _embeddings.narrow(0, 0, Count);
    }

    protected override SoftPrompt Again() => new PromptTuning(_embeddings, Count);

    protected override Tensor Evaluate() => _embeddings.alias();
}
