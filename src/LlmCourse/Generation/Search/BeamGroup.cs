namespace LlmCourse.Generation;

/// <summary>
/// The beams of one prompt: those that run, and the best of those that are at an end. Plain bookkeeping on the host, decided for each prompt by
/// itself.
/// </summary>
/// <param name="beams">How many run, and how many finished ones are kept.</param>
/// <param name="lengthPenalty">The exponent of the length in a finished text's score.</param>
/// <param name="earlyStopping">When it is over.</param>
/// <param name="most">The most tokens a text may have.</param>
internal sealed class BeamGroup(int beams, double lengthPenalty, EarlyStopping earlyStopping, int most)
{
    private readonly List<FinishedBeam> _finished = [];

    /// <summary>The running beams, best first: one before the first step, then always as many as wanted, the last of which may lead nowhere.</summary>
    public IReadOnlyList<Beam> Running { get; private set; } = [Beam.Empty];

    /// <summary>For each running beam which one it was before the last step.</summary>
    public int[] Parents { get; private set; } = [0];

    /// <summary>The finished texts, best first.</summary>
    public IReadOnlyList<FinishedBeam> Finished => _finished;

    /// <summary>Whether nothing can or shall become better.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Takes one step: of the candidates some end and compete with the finished texts, and the best of the others run on.</summary>
    /// <param name="candidates">In the order of choice: best first, or as they were drawn. Only the first <c>beams</c> of them may end.</param>
    /// <param name="reasonOf">Why a text would be at an end; null if it goes on.</param>
    public void Advance(IReadOnlyList<BeamCandidate> candidates, Func<int[], FinishReason?> reasonOf)
    {
        List<(Beam Beam, int Parent)> open = [];
        for (int rank = 0; rank < candidates.Count; rank++)
        {
            BeamCandidate candidate = candidates[rank];
            Beam next = Running[candidate.Beam].With(candidate);
            if (reasonOf(next.Tokens) is not { } reason)
                open.Add((next, candidate.Beam));
            else if (rank < beams)
                _finished.Add(new FinishedBeam(next, Score(next.Sum, next.Tokens.Length), reason));
        }

        // Both sorts are stable: of equal scores the one that was there first.
        FinishedBeam[] best = [.. _finished.OrderByDescending(finished => finished.Score).Take(beams)];
        _finished.Clear();
        _finished.AddRange(best);
        List<(Beam Beam, int Parent)> running = [.. open.OrderByDescending(next => next.Beam.Sum).Take(beams)];
        IsDone = running.Count == 0 || IsEnough(running[0].Beam);
        while (running.Count > 0 && running.Count < beams)
            running.Add((running[0].Beam with { Sum = float.NegativeInfinity }, running[0].Parent));
        Running = [.. running.Select(next => next.Beam)];
        Parents = [.. running.Select(next => next.Parent)];
    }

    private bool IsEnough(Beam best)
    {
        if (_finished.Count < beams)
            return false;
        if (earlyStopping == EarlyStopping.True)
            return true;
        // A negative sum divided by a power of a larger length is nearer to 0: then the longest text is the best that can be hoped for.
        int length = earlyStopping == EarlyStopping.Never && lengthPenalty > 0 ? most : best.Tokens.Length;
        return Score(best.Sum, length) <= _finished[^1].Score;
    }

    private float Score(float sum, int length) => sum / (float)Math.Pow(length, lengthPenalty);
}
