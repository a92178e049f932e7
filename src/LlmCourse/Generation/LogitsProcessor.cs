using TorchSharp;

namespace LlmCourse.Generation;

/// <summary>
/// A rule of your own about the next token. It runs behind all other rules and before temperature and its like, on the device of the scores, in a
/// dispose scope of its own.
/// </summary>
/// <param name="scores">[B, V], −∞ for what is forbidden. It may be changed in place; with beams these are log-probabilities.</param>
/// <param name="rows">What stands in each row so far. Rows that are finished have left, and beams of one prompt are rows of their own.</param>
/// <returns>[B, V]: <paramref name="scores"/> itself, or another tensor.</returns>
public delegate torch.Tensor LogitsProcessor(torch.Tensor scores, IReadOnlyList<RowProgress> rows);
