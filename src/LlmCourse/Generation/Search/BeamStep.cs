namespace LlmCourse.Generation;

/// <summary>One token of a beam, with those before it.</summary>
internal sealed record BeamStep(BeamStep? Before, BeamCandidate Token)
{
    /// <summary>All tokens, the first one first.</summary>
    public BeamCandidate[] All()
    {
        List<BeamCandidate> all = [];
        for (BeamStep? step = this; step is not null; step = step.Before)
            all.Add(step.Token);
        all.Reverse();
        return [.. all];
    }
}
