namespace LlmCourse.Encoders;

/// <summary>A stretch of a text with a label.</summary>
/// <param name="Label">The label; without the B- or I- in front where tokens were joined.</param>
/// <param name="Score">Its probability; of several tokens or words their mean.</param>
/// <param name="Start">Where the stretch begins in the text, in UTF-16 units.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Text">The stretch itself.</param>
public sealed record TaggedSpan(string Label, double Score, int Start, int End, string Text);
