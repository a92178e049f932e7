using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// A tensor to be written. Its type and shape are known at once; its data are asked for when their turn comes, so that
/// a writer holds one of them at a time.
/// </summary>
/// <param name="Name">The name it gets in the file.</param>
/// <param name="Type">Its element type, which is also the stored one.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Read">Gives the tensor, on any device; the writer disposes it.</param>
internal sealed record PendingWeight(string Name, ScalarType Type, long[] Shape, Func<Tensor> Read)
{
    public long Bytes => Elements * TensorMemory.ElementSize(Type);

    public long Elements => Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>A tensor that exists already and stays the caller's.</summary>
    public static PendingWeight Of(string name, Tensor tensor) => new(name, tensor.dtype, tensor.shape, tensor.alias);
}
