namespace LlmCourse.Encoders;

/// <summary>What may stand in one mask of a text.</summary>
/// <param name="Start">Where the mask begins in the text, in UTF-16 units.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Candidates">The likeliest tokens, best first.</param>
public sealed record FilledMask(int Start, int End, IReadOnlyList<MaskCandidate> Candidates);
