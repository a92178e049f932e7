namespace LlmCourse.Evaluation.Text;

/// <summary>Which of the three published variants of Porter's stemmer.</summary>
internal enum PorterMode
{
    /// <summary>NLTK's: Martin Porter's later changes, a table of irregular words, and rules of its own. What ROUGE uses.</summary>
    Extended,

    /// <summary>The changes that Martin Porter made to his program.</summary>
    Martin,

    /// <summary>The algorithm as it was printed in 1980.</summary>
    Original,
}
