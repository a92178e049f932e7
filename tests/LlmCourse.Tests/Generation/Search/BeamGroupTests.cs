using LlmCourse.Generation;

namespace LlmCourse.Tests.Generation;

/// <summary>The bookkeeping of one prompt's beams, with sums that are written down. Token 0 ends a text.</summary>
public sealed class BeamGroupTests
{
    [Fact]
    public void The_best_that_go_on_run_on_and_of_the_first_those_that_end_are_finished()
    {
        BeamGroup group = new(2, lengthPenalty: 1, EarlyStopping.False, most: 10);
        Step(group, (0, 7, -1f), (0, 0, -1.5f), (0, 8, -2f), (0, 9, -3f));
        Assert.Equal([[7], [8]], group.Running.Select(beam => beam.Tokens));
        Assert.Equal([0, 0], group.Parents);
        Assert.Equal((-1.5f, FinishReason.EndOfSequence), Only(group));

        // The third candidate ends too, but only the first two may: it would be no beam.
        Step(group, (1, 3, -2.5f), (0, 4, -2.6f), (0, 0, -2.7f), (1, 5, -2.8f));
        Assert.Equal([[8, 3], [7, 4]], group.Running.Select(beam => beam.Tokens));
        Assert.Equal([1, 0], group.Parents);
        Assert.Single(group.Finished);
        Assert.False(group.IsDone);
    }

    /// <summary>Sums −2 of one token and −3 of two: the mean favours the second, −2 and −1.5; at length penalty 0 the sums count, and at −1, −2 and −6.</summary>
    [Theory]
    [InlineData(0, new[] { -2f, -3f })]
    [InlineData(1, new[] { -1.5f, -2f })]
    [InlineData(2, new[] { -0.75f, -2f })]
    [InlineData(-1, new[] { -2f, -6f })]
    public void The_length_penalty_is_the_exponent_of_the_length(double penalty, float[] scores)
    {
        BeamGroup group = new(2, penalty, EarlyStopping.Never, most: 10);
        Step(group, (0, 0, -2f), (0, 7, -2.5f), (0, 8, -2.6f));
        Step(group, (0, 0, -3f), (0, 6, -3.1f), (1, 5, -3.2f));
        Assert.Equal(scores, group.Finished.Select(finished => finished.Score));
    }

    /// <summary>
    /// Two are finished with −.5 and −.6. The best that runs on has −1 after two tokens: a mean of −.5, better than −.6, so it may go on; with a sum of
    /// −1.3 it is −.65, which a longer text may still raise: −1.3 / 10.
    /// </summary>
    [Theory]
    [InlineData(EarlyStopping.True, -1f, true)]
    [InlineData(EarlyStopping.False, -1f, false)]
    [InlineData(EarlyStopping.Never, -1f, false)]
    [InlineData(EarlyStopping.False, -1.3f, true)]
    [InlineData(EarlyStopping.Never, -1.3f, false)]
    [InlineData(EarlyStopping.Never, -6f, true)]
    public void When_it_is_over(EarlyStopping stopping, float sum, bool over)
    {
        BeamGroup group = new(2, lengthPenalty: 1, stopping, most: 10);
        Step(group, (0, 0, -0.5f), (0, 7, -0.6f), (0, 8, -0.9f));
        Assert.False(group.IsDone); // one is finished, two are wanted
        Step(group, (0, 0, -1.2f), (0, 6, sum), (1, 5, sum - 1));
        Assert.Equal([-0.5f, -0.6f], group.Finished.Select(finished => finished.Score));
        Assert.Equal(over, group.IsDone);
    }

    [Fact]
    public void A_full_list_keeps_the_best_and_of_equal_ones_the_first()
    {
        BeamGroup group = new(2, lengthPenalty: 0, EarlyStopping.Never, most: 3);
        Step(group, (0, 0, -1f), (0, 7, -1f), (0, 8, -1f));
        Step(group, (0, 0, -1f), (1, 0, -1f), (0, 6, -1f), (1, 5, -1f));
        Assert.Equal([[0], [7, 0]], group.Finished.Select(finished => finished.Beam.Tokens));
        Assert.True(group.IsDone); // nothing can become better than −1
    }

    [Fact]
    public void What_ends_everywhere_is_over_and_empty_places_lead_nowhere()
    {
        BeamGroup group = new(3, lengthPenalty: 1, EarlyStopping.False, most: 2);
        Step(group, (0, 7, -1f));
        Assert.Equal([true, false, false], group.Running.Select(beam => beam.IsAlive));
        Assert.Equal([0, 0, 0], group.Parents);
        Step(group, 2, (0, 5, -2f), (0, 6, -3f));
        Assert.True(group.IsDone);
        Assert.Equal([(-1f, FinishReason.MaxTokens), (-1.5f, FinishReason.MaxTokens)], group.Finished.Select(finished => (finished.Score, finished.Reason)));
    }

    private static (float, FinishReason) Only(BeamGroup group)
    {
        FinishedBeam finished = Assert.Single(group.Finished);
        return (finished.Score, finished.Reason);
    }

    private static void Step(BeamGroup group, params (int Beam, int Token, float Sum)[] candidates) => Step(group, int.MaxValue, candidates);

    private static void Step(BeamGroup group, int limit, params (int Beam, int Token, float Sum)[] candidates) =>
        group.Advance([.. candidates.Select(each => new BeamCandidate(each.Beam, each.Token, each.Sum))], tokens =>
            tokens[^1] == 0 ? FinishReason.EndOfSequence : tokens.Length >= limit ? FinishReason.MaxTokens : null);
}
