using LlmCourse.Checkpoints;
using static TorchSharp.torch;

namespace LlmCourse.Lifecycle;

/// <summary>What the memory of every operation depends on beside its shapes.</summary>
/// <param name="Width">The width D of the stream.</param>
/// <param name="Type">The type of the weights.</param>
/// <param name="Trained">What is trained.</param>
/// <param name="Trains">Whether there is a backward pass.</param>
/// <param name="Drops">Whether the model's dropout is on.</param>
internal sealed record MemoryChoices(long Width, ScalarType Type, TrainedModules Trained, bool Trains, bool Drops)
{
    /// <summary>The width E of the tables where a map leads from it to D; null where they are as wide as the stream.</summary>
    public long? EmbeddingWidth { get; init; }

    /// <summary>Whether only tokens are of that width, and a map leads back to it.</summary>
    public bool NarrowTokens { get; init; }

    /// <summary>The bytes of a number.</summary>
    public long Size { get; } = TensorMemory.ElementSize(Type);

    /// <summary>The bytes of a number of an adapter.</summary>
    public long AdapterSize => Math.Max(Size, 4);

    /// <summary>Whether norms, gates and rotations train by kernels of their own, which keep their inputs alone: fp32 on the CPU.</summary>
    public bool FastTraining => Type == ScalarType.Float32;
}
