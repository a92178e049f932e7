namespace LlmCourse.Generation;

/// <summary>A token that may come next behind one of a prompt's beams.</summary>
/// <param name="Beam">Behind which.</param>
/// <param name="Token">The token.</param>
/// <param name="Sum">The beam's sum and the token's processed log-probability.</param>
/// <param name="Score">The token's processed log-probability.</param>
/// <param name="LogProbability">What the model itself gives it.</param>
/// <param name="Alternatives">The most likely tokens at its place, if they are recorded.</param>
internal sealed record BeamCandidate(
    int Beam, int Token, float Sum, float Score = 0, float LogProbability = 0, IReadOnlyList<TokenProbability>? Alternatives = null);
