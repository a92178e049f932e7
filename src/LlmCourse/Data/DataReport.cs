namespace LlmCourse.Data;

/// <summary>What became of a set of examples when they were made into tokens. Nothing is cut or left out without being counted here.</summary>
public sealed class DataReport
{
    /// <summary>Examples that were given.</summary>
    public required int Examples { get; init; }

    /// <summary>Examples that take part.</summary>
    public required int Kept { get; init; }

    /// <summary>Their tokens (of an encoder–decoder: of inputs and answers).</summary>
    public required long Tokens { get; init; }

    /// <summary>How many of those are labels.</summary>
    public required long Labels { get; init; }

    /// <summary>Examples that take part and were cut.</summary>
    public required int Cut { get; init; }

    /// <summary>The tokens that were cut off.</summary>
    public required long TokensCut { get; init; }

    /// <summary>Where the examples are from that were left out because they were too long.</summary>
    public required IReadOnlyList<string> TooLong { get; init; }

    /// <summary>Where the examples are from that were left out because nothing of them (or nothing behind the cut) is a label.</summary>
    public required IReadOnlyList<string> WithoutLabels { get; init; }

    /// <summary>In one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Kept} of {Examples} examples, {Tokens} tokens, {Labels} of them labels; {Cut} cut by {TokensCut} tokens, {TooLong.Count} too long, {WithoutLabels.Count} without a label");
}
