namespace LlmCourse.Tokenization.Text;

/// <summary>A token of an encoding.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">Its text, as the vocabulary writes it.</param>
/// <param name="Start">Where it begins in its text, in UTF-16 units.</param>
/// <param name="End">Where it ends there.</param>
/// <param name="WordId">The number of the piece it is of; -1 for one that stands in no text.</param>
/// <param name="TypeId">BERT's segment id.</param>
/// <param name="IsOfPair">Whether its text is the second one.</param>
internal record struct TextToken(int Id, string Text, int Start, int End, int WordId, int TypeId, bool IsOfPair)
{
    /// <summary>Whether it is padding.</summary>
    public bool IsPadding { get; init; }

    /// <summary>Whether the post-processor or padding put it in.</summary>
    public readonly bool IsSpecial => WordId < 0;

    /// <summary>A token that stands in no text.</summary>
    public static TextToken Special(int id, string text, int typeId) => new(id, text, 0, 0, -1, typeId, false);
}
