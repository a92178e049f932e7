namespace LlmCourse.Evaluation;

/// <summary>How BLEU finds words.</summary>
public enum BleuTokenizer
{
    /// <summary>That of the WMT evaluations (mteval-v13a): blanks and ASCII punctuation; figures such as 1,000.5 stay whole.</summary>
    Western13a,

    /// <summary>mteval-v14: punctuation and symbols of any script.</summary>
    International,

    /// <summary>Every character is a word.</summary>
    Characters,

    /// <summary>Blanks only: for texts that are tokenised already.</summary>
    None,

    /// <summary>Every Chinese character is a word, the rest as in <see cref="Western13a"/>.</summary>
    Chinese,
}
