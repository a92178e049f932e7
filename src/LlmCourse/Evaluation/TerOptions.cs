namespace LlmCourse.Evaluation;

/// <summary>What <see cref="Ter"/> compares. The defaults are sacreBLEU's.</summary>
public sealed record TerOptions
{
    /// <summary>Separates punctuation from words and undoes XML escapes first.</summary>
    public bool Normalized { get; init; }

    /// <summary>Leaves . , ? : ; ! " ( and ) out.</summary>
    public bool NoPunctuation { get; init; }

    /// <summary>
    /// Chinese and Japanese characters and marks, too: with <see cref="Normalized"/> each is a word of its own, with
    /// <see cref="NoPunctuation"/> their marks are left out. Nothing without either.
    /// </summary>
    public bool AsianSupport { get; init; }

    /// <summary>Whether upper and lower case differ.</summary>
    public bool CaseSensitive { get; init; }
}
