namespace LlmCourse.Adapters;

/// <summary>A token of the vocabulary that a virtual token is close to.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">Its text, where a tokenizer was given.</param>
/// <param name="Score">The cosine of the angle between the two, 1 at most; or their Euclidean distance, 0 at least.</param>
public readonly record struct NearestToken(int Id, string? Text, double Score);
