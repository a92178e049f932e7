namespace LlmCourse.Evaluation;

/// <summary>What TER says about a text or a corpus: the less the better.</summary>
/// <param name="Score">Edits for each hundred words of the references; may exceed 100.</param>
/// <param name="Edits">Words inserted, deleted or replaced and groups of words moved, against the reference which needs fewest.</param>
/// <param name="ReferenceLength">Words of the references; the average of several.</param>
/// <param name="Signature">How it was made, in sacreBLEU's words.</param>
public sealed record TerScore(double Score, long Edits, double ReferenceLength, string Signature);
