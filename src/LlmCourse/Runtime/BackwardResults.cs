using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// What a custom function's backward pass returns. TorchSharp leaves it, and the gradients it was given, to the scope around
/// the whole pass: all gradients of all activations would live until its end. Here the given ones are freed at once, and the
/// returned ones when the next function on this thread returns, for by then autograd has taken them over.
/// </summary>
internal static class BackwardResults
{
    [ThreadStatic]
    private static Tensor?[]? _lastResults;

    /// <summary>Hands results to autograd, null where there is no gradient.</summary>
    public static List<Tensor> Return(IEnumerable<Tensor> given, params Tensor?[] results)
    {
        foreach (Tensor? old in _lastResults ?? [])
            old?.Dispose();
        _lastResults = results;
        foreach (Tensor? result in results)
            result?.DetachFromDisposeScope();
        foreach (Tensor gradient in given)
            gradient?.Dispose();
        return [.. results.Select(result => result!)];
    }
}
