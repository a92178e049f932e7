using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Tokenization;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse;

/// <content>What the façades of encoders run on.</content>
public sealed partial class Llm
{
    /// <summary>A folder's transformer without its head, whatever head its file has or lacks.</summary>
    internal static Llm LoadTrunk(string folder, LoadOptions options, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        ModelFiles files = ModelFiles.OfFolder(folder).With(options);
        return Of(Pretrained.TrunkFromFolder(folder, options.Type, options.Device, progress, cancellationToken), files, folder);
    }

    /// <summary>
    /// Runs texts in batches of like length, the longest first, and gives each its result in the order of the texts. A row's result
    /// does not depend on its neighbours.
    /// </summary>
    /// <param name="texts">The tokens of each text.</param>
    /// <param name="batchSize">How many are run at once.</param>
    /// <param name="run">A batch, this view, and the numbers of its texts → one result for each; within a scope, without gradient.</param>
    /// <param name="cancellationToken">Checked between batches.</param>
    internal T[] RunTexts<T>(
        IReadOnlyList<EncodedText> texts, int batchSize, Func<Batch, ForwardContext, int[], IReadOnlyList<T>> run, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        for (int i = 0; i < texts.Count; i++)
        {
            if (texts[i].Ids.Count == 0)
                throw new ArgumentException($"Text {i} has no tokens, and the tokenizer adds none.", nameof(texts));
        }

        ForwardContext view = UniformView();
        bool typed = (Model.Config.Encoder ?? Model.Config.Last).TokenTypes > 1;
        T[] results = new T[texts.Count];
        foreach (int[] rows in Enumerable.Range(0, texts.Count).OrderByDescending(i => texts[i].Ids.Count).Chunk(batchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            using Batch batch = new(Sequences.FromRows(
                [.. rows.Select(i => texts[i].Ids)], Model.Config.PadTokenId is { } pad and >= 0 ? pad : 0,
                tokenTypes: typed ? [.. rows.Select(i => texts[i].TypeIds)] : null, device: Model.Device));
            foreach ((int i, T result) in rows.Zip(run(batch, view, rows)))
                results[i] = result;
        }

        return results;
    }
}
