namespace LlmCourse.Tokenization;

/// <summary>A token that is found in a text before anything else happens to it, such as <c>&lt;|im_start|&gt;</c>.</summary>
public sealed record AddedToken
{
    /// <summary>Its id.</summary>
    public required int Id { get; init; }

    /// <summary>Its text.</summary>
    public required string Content { get; init; }

    /// <summary>Whether it may not touch letters, digits and other word characters.</summary>
    public bool IsSingleWord { get; init; }

    /// <summary>Whether it swallows the white space on its left.</summary>
    public bool TakesLeft { get; init; }

    /// <summary>Whether it swallows the white space on its right.</summary>
    public bool TakesRight { get; init; }

    /// <summary>Whether it is searched for in the normalized text, in its own normalized form.</summary>
    public bool IsNormalized { get; init; }

    /// <summary>Whether decoding may leave it out.</summary>
    public bool IsSpecial { get; init; }
}
