namespace LlmCourse.Evaluation;

/// <summary>What counts as the same word, and as a sentence, for <see cref="Rouge"/>. The defaults are those of Google's rouge_score.</summary>
public sealed record RougeOptions
{
    /// <summary>
    /// Compares the stems of words of more than three characters (Porter's algorithm, as NLTK has it): "running" is "run". Made
    /// for English. Off; the course and most papers turn it on.
    /// </summary>
    public bool UseStemmer { get; init; }

    /// <summary>
    /// Words are runs of letters, marks and digits of any script, and every Chinese or Japanese ideograph is one by itself;
    /// composed and decomposed accents are the same. Off, only a to z and 0 to 9 make words, as in the original: "café" equals
    /// "caf", and a Chinese text has no words and scores 0.
    /// </summary>
    public bool Unicode { get; init; }

    /// <summary>
    /// Looks for sentences within the lines of ROUGE-Lsum. Off, a sentence is a line. On, a sentence also ends behind ".", "!"
    /// or "?" and any closing quotes or brackets, where white space and anything but a lower-case letter follow; not behind a
    /// single capital letter, Mr., Mrs., Ms., Dr., Prof., St., Jr., Sr. or vs.; and behind "。", "！" or "？".
    /// </summary>
    public bool SplitSentences { get; init; }

    /// <summary>
    /// Of several references, takes the mean of the scores: what a table with a row for each reference comes to, as the course's lab
    /// has it. Off, for each figure the reference with the best F1 counts, as in rouge_score.
    /// </summary>
    public bool AverageReferences { get; init; }

    /// <summary>The longest n-grams that are counted, 2 to 9.</summary>
    public int MaxOrder { get; init; } = 2;

    internal void Validate()
    {
        if (MaxOrder is < 2 or > 9)
            throw new ArgumentOutOfRangeException(nameof(MaxOrder), MaxOrder, $"{nameof(MaxOrder)} must be between 2 and 9.");
    }
}
