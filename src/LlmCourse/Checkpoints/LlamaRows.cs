using LlmCourse.Runtime;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// The order of the rows of a llama's query and key projections. GGUF rotates neighbouring rows of a head as a pair,
/// Hugging Face row i and row i + half of it; so row 2i + s of a head in GGUF is its row s · half + i there.
/// </summary>
internal static class LlamaRows
{
    /// <summary>Rows as Hugging Face has them, of a weight or bias from a GGUF file. A fresh tensor.</summary>
    /// <param name="gguf">The weight [heads · size, …].</param>
    /// <param name="heads">How many heads this projection has: for keys the number of key/value heads.</param>
    public static Tensor ToHuggingFace(Tensor gguf, long heads) => Reorder(gguf, heads, half => [heads, half, 2]);

    /// <summary>The way back: rows as GGUF has them. A fresh tensor.</summary>
    public static Tensor ToGguf(Tensor huggingFace, long heads) => Reorder(huggingFace, heads, half => [heads, 2, half]);

    private static Tensor Reorder(Tensor weight, long heads, Func<long, long[]> split)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(heads);
        long rows = weight.dim() == 0 ? 0 : weight.size(0);
        if (rows == 0 || rows % (2 * heads) != 0)
            throw new ArgumentException($"[{string.Join(", ", weight.shape)}] does not consist of {heads} heads with an even number of rows.", nameof(weight));
        using Tensor order = Arithmetic.Range(rows, weight.device);
        using Tensor parts = order.view(split(rows / heads / 2));
        using Tensor swapped = parts.transpose(1, 2);
        using Tensor source = swapped.reshape(rows);
        return weight.index_select(0, source);
    }
}
