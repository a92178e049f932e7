namespace LlmCourse.Data;

/// <summary>How a file of rows is read.</summary>
public sealed record ReadOptions
{
    /// <summary>What happens to a row that cannot be read. A file that is damaged as a whole is always refused.</summary>
    public MalformedRows MalformedRows { get; init; }

    /// <summary>Hears of every row that is left out.</summary>
    public IProgress<MalformedRow>? Report { get; init; }

    /// <summary>CSV only: the names of the columns of a file without a header line. Unset: the first line has them.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>CSV only: what separates two cells. Unset: a tab where the name has <c>.tsv</c> or <c>.tab</c>, else a comma.</summary>
    public char? Separator { get; init; }

    /// <summary>
    /// CSV only: whether cells may stand in double quotes, and then hold separators, line breaks and doubled quotes (RFC 4180).
    /// Unset: yes, unless the separator is a tab, where a quote is an ordinary character (as the media type
    /// <c>text/tab-separated-values</c> has it, and as most such files of language data need it).
    /// </summary>
    public bool? Quotes { get; init; }
}
