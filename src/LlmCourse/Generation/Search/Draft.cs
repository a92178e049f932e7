using TorchSharp;

namespace LlmCourse.Generation;

/// <summary>What is proposed for one row.</summary>
/// <param name="Tokens">The tokens.</param>
/// <param name="Scores">[1, V] for each token the scores of the distribution it was drawn from; none where it was not drawn.</param>
internal sealed record Draft(IReadOnlyList<int> Tokens, IReadOnlyList<torch.Tensor> Scores)
{
    public static Draft None { get; } = new([], []);
}
