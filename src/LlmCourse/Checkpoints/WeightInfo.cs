using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>What a checkpoint says about one of its tensors, before any of its data is read.</summary>
/// <param name="Name">The tensor's name in the file.</param>
/// <param name="Storage">How it is stored, in the file format's own words: <c>F32</c>, <c>BF16</c>, <c>Q4_1</c>.</param>
/// <param name="Type">The type it has when read without asking for another one.</param>
/// <param name="Shape">Its dimensions in PyTorch's order, the slowest first.</param>
/// <param name="Bytes">The size of the stored data.</param>
/// <param name="Offset">Where the data begin in the file.</param>
/// <param name="File">The file that holds the data.</param>
internal sealed record WeightInfo(
    string Name, string Storage, ScalarType Type, long[] Shape, long Bytes, long Offset, string File)
{
    /// <summary>
    /// The number of elements of a shape; false where it, or the strides of such a tensor, do not fit 64 bits.
    /// </summary>
    public static bool TryCount(ReadOnlySpan<long> shape, out long elements)
    {
        elements = 1;
        long extent = 1; // the product without the zeros, which strides are made of
        foreach (long size in shape)
        {
            if (size < 0 || Math.BigMul(extent, Math.Max(size, 1), out long product) != 0 || product < 0)
                return false;
            extent = product;
            elements *= size;
        }

        return true;
    }
}
