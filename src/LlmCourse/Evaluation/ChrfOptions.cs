namespace LlmCourse.Evaluation;

/// <summary>How <see cref="Chrf"/> counts. The defaults are sacreBLEU's chrF2; <see cref="WordOrder"/> 2 makes it chrF++.</summary>
public sealed record ChrfOptions
{
    /// <summary>The longest runs of characters, 1 to 16.</summary>
    public int CharacterOrder { get; init; } = 6;

    /// <summary>The longest runs of words, 0 to 16: 0 for chrF, 2 for chrF++.</summary>
    public int WordOrder { get; init; }

    /// <summary>How much more recall weighs than precision, 1 to 1,000.</summary>
    public int Beta { get; init; } = 2;

    /// <summary>Whether upper and lower case are the same.</summary>
    public bool Lowercase { get; init; }

    /// <summary>Whether blanks count as characters.</summary>
    public bool Whitespace { get; init; }

    /// <summary>
    /// Averages over all orders, with a very small number for one that a text is too short for, as chrF++.py, NLTK and Moses do.
    /// Off, such orders are left out.
    /// </summary>
    public bool EpsilonSmoothing { get; init; }

    internal void Validate()
    {
        Require(nameof(CharacterOrder), CharacterOrder, 1, 16);
        Require(nameof(WordOrder), WordOrder, 0, 16);
        Require(nameof(Beta), Beta, 1, 1000);
    }

    private static void Require(string name, int value, int least, int most)
    {
        if (value < least || value > most)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be between {least} and {most}.");
    }
}
