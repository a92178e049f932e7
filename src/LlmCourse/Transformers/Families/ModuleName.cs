namespace LlmCourse.Transformers.Families;

/// <summary>One module under both names.</summary>
/// <param name="Ours">The canonical name; <c>{i}</c> is the layer.</param>
/// <param name="Theirs">The checkpoint's; <c>{i}</c> is the layer.</param>
/// <param name="Transposed">Whether the checkpoint stores matrices as [input, output].</param>
/// <param name="IsTensor">Whether both are names of single tensors, not of modules.</param>
/// <param name="Stored">What files call it, where that is another name; <c>{i}</c> is the layer.</param>
internal sealed record ModuleName(string Ours, string Theirs, bool Transposed = false, bool IsTensor = false, string? Stored = null);
