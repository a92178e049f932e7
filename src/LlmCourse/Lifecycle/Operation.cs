namespace LlmCourse.Lifecycle;

/// <summary>One operation of a model as memory sees it, in bytes.</summary>
/// <param name="Made">New tensors of its forward pass, those that are kept included.</param>
/// <param name="Kept">What stays until its backward pass.</param>
/// <param name="Held">
/// How much of it stays until the whole block is through: what this library's own functions keep, since TorchSharp frees nothing that a
/// function keeps before its graph goes.
/// </param>
/// <param name="Flowing">Gradients of activations alive during its backward pass: what came, what it makes, and what waits beside it.</param>
/// <param name="Trained">Gradients of parameters that its backward pass makes.</param>
internal readonly record struct Operation(long Made, long Kept = 0, long Held = 0, long Flowing = 0, long Trained = 0);
