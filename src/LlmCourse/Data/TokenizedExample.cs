namespace LlmCourse.Data;

/// <summary>An example as tokens.</summary>
/// <param name="Ids">The encoder's input, or prompt and completion of a decoder-only model.</param>
/// <param name="Answer">The answer of an encoder–decoder's example, else null.</param>
/// <param name="IsLabel">For a decoder-only model whether each of the ids is a label, else null.</param>
/// <param name="TokensCut">How many tokens truncation took away.</param>
internal sealed record TokenizedExample(int[] Ids, int[]? Answer, bool[]? IsLabel, int TokensCut)
{
    /// <summary>Tokens that are predicted: a label in the first place has nothing to be predicted from.</summary>
    public int Labels => Answer?.Length ?? IsLabel!.Skip(1).Count(label => label);

    public int Tokens => Ids.Length + (Answer?.Length ?? 0);
}
