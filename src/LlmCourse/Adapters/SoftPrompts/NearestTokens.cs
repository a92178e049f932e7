using LlmCourse.Runtime;
using LlmCourse.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>
/// Which words learned virtual tokens are close to (Lester et al. 2021, section 7). A trained prompt need not be close to any: large
/// distances are a finding, too.
/// </summary>
public static class NearestTokens
{
    /// <summary>For each virtual token the tokens whose embeddings are closest, the closest first; of equally close ones the smaller id.</summary>
    /// <param name="embeddings">Virtual tokens, [n, D].</param>
    /// <param name="table">The embeddings of the vocabulary, [V, D].</param>
    /// <param name="count">How many tokens for each.</param>
    /// <param name="by">What closest means.</param>
    /// <param name="tokenizer">Gives the tokens' text; null for none.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or the count is not in 1 to V.</exception>
    public static IReadOnlyList<IReadOnlyList<NearestToken>> Of(
        Tensor embeddings, Tensor table, int count = 5, Closeness by = Closeness.Cosine, PretrainedTokenizer? tokenizer = null)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentNullException.ThrowIfNull(table);
        if (embeddings.dim() != 2 || table.dim() != 2 || embeddings.size(1) != table.size(1))
        {
            throw new ArgumentException(
                $"Embeddings must be [n, D] and the table [V, D], found [{string.Join(", ", embeddings.shape)}] and [{string.Join(", ", table.shape)}].", nameof(embeddings));
        }

        if (count < 1 || count > table.size(0))
            throw new ArgumentException($"The count must be from 1 to the {table.size(0)} tokens there are, found {count}.", nameof(count));

        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = embeddings.to(ScalarType.Float32), words = table.to(ScalarType.Float32, embeddings.device);
        Tensor scores = by == Closeness.Cosine
            ? nn.functional.linear(Unit(rows), Unit(words)) // [n, V]
            : cdist(rows, words, compute_mode: compute_mode.donot_use_mm_for_euclid_dist);
        (Tensor values, Tensor ids) = scores.sort(-1, descending: by == Closeness.Cosine, stable: true);
        float[] best = [.. values.narrow(1, 0, count).contiguous().cpu().data<float>()];
        long[] found = [.. ids.narrow(1, 0, count).contiguous().cpu().data<long>()];
        return [.. Enumerable.Range(0, (int)rows.size(0)).Select(row => (IReadOnlyList<NearestToken>)[.. Enumerable.Range(row * count, count).Select(i =>
            new NearestToken((int)found[i], tokenizer?.Decode([(int)found[i]]), best[i]))])];
    }

    // Zero vectors have no direction: their cosine with anything is 0.
    private static Tensor Unit(Tensor rows)
    {
        Tensor norms = rows.mul(rows).sum([1], keepdim: true).sqrt();
        return rows.div(norms.With(norms.Is(0), 1));
    }
}
