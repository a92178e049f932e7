using LlmCourse.Training.Schedules;

namespace LlmCourse.Tests.Training.Schedules;

public sealed class ScheduleTests
{
    [Fact]
    public void Each_curve_at_a_few_steps()
    {
        // Ten steps with two of warm-up: 0, 1/2, then eight more.
        AssertFactors(Schedule.Constant(2), (0, 0), (1, 0.5), (2, 1), (99, 1));
        AssertFactors(Schedule.Linear(2), (0, 0), (1, 0.5), (2, 1), (4, 0.75), (9, 0.125), (10, 0), (11, 0));
        AssertFactors(Schedule.Cosine(2), (1, 0.5), (2, 1), (6, 0.5), (10, 0));
        AssertFactors(Schedule.Cosine(2, cycles: 1, minimum: 0.2), (2, 1), (4, 0.6), (6, 0.2), (10, 1)); // a whole wave, of which a fifth stays
        AssertFactors(Schedule.CosineWithRestarts(2, cycles: 2), (2, 1), (4, 0.5), (6, 1), (8, 0.5), (10, 0));
        AssertFactors(Schedule.Polynomial(2, power: 2, end: 0.2), (1, 0.5), (2, 1), (6, 0.4), (10, 0.2), (11, 0.2)); // 0.2 + 0.8 · 0.5²
        AssertFactors(Schedule.InverseSquareRoot(2), (1, 0.5), (2, 1), (4, 0.70710678), (8, 0.5)); // after 2 and 6 more: 1/√2, 1/√4
        AssertFactors(Schedule.InverseSquareRoot(2, timescale: 8), (2, 1), (10, 0.70710678));
        AssertFactors(Schedule.InverseSquareRoot(), (0, 1), (10_000, 0.70710678));
    }

    [Fact]
    public void Rise_rest_and_fall()
    {
        AssertFactors(Schedule.WarmupStableDecay(2, 4), (0, 0), (1, 0.5), (2, 1), (5, 1), (6, 1), (8, 0.5), (10, 0));
        AssertFactors(Schedule.WarmupStableDecay(2, 4, stable: 1, minimum: 0.2, down: Ramp.Linear), (0, 0.2), (1, 0.6), (2, 1), (3, 1), (5, 0.6), (7, 0.2), (9, 0.2));
        // Up 1 − √(1 − x), down 1 − √x, at a quarter: 0.1339746 and 0.5.
        AssertFactors(Schedule.WarmupStableDecay(4, 4, up: Ramp.OneMinusSquareRoot, down: Ramp.OneMinusSquareRoot), (1, 0.1339746), (4, 1), (6, 1), (7, 0.5));
        AssertFactors(Schedule.WarmupStableDecay(4, 4, up: Ramp.Cosine), (1, 0.1464466), (2, 0.5));
    }

    [Fact]
    public void A_span_may_be_a_share_rounded_up()
    {
        // 15 % of ten steps are two.
        AssertFactors(Schedule.Linear(StepSpan.Share(0.15)), (1, 0.5), (2, 1), (4, 0.75));
        AssertFactors(Schedule.WarmupStableDecay(StepSpan.Share(0.2), StepSpan.Share(0.4)), (1, 0.5), (2, 1), (8, 0.5));
    }

    [Fact]
    public void A_number_of_steps_of_its_own_goes_before_the_runs()
    {
        Schedule schedule = Schedule.Linear() with { TotalSteps = 4 };
        Assert.Equal(0.5, schedule.Factor(2, 100));
        Assert.Equal(0.5, schedule.Factor(2, null));
        Assert.Equal("Linear", schedule.Name);
        Assert.Equal(Schedule.Linear() with { TotalSteps = 4 }, schedule);
        Assert.NotEqual(Schedule.Linear(1), Schedule.Linear());
    }

    [Fact]
    public void Without_a_known_end_some_can_go_on()
    {
        Assert.Equal(0.5, Schedule.Constant(2).Factor(1, null));
        Assert.Equal(1, Schedule.InverseSquareRoot(2).Factor(2, null));
        Assert.Equal(1, Schedule.WarmupStableDecay(1, 1, stable: 5).Factor(3, null));
        foreach (Schedule schedule in (Schedule[])[
            Schedule.Linear(), Schedule.Cosine(), Schedule.CosineWithRestarts(), Schedule.Polynomial(), Schedule.WarmupStableDecay(1, 1),
            Schedule.WarmupStableDecay(1, StepSpan.Share(0.1), 1), Schedule.WarmupStableDecay(1, 1, StepSpan.Share(0.1)), Schedule.Constant(StepSpan.Share(0.1))])
        {
            Assert.Contains(schedule.Name, Assert.Throws<InvalidOperationException>(() => schedule.Factor(3, null)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_warm_up_longer_than_the_run_never_ends() => AssertFactors(Schedule.Linear(20), (0, 0), (5, 0.25), (10, 0.5));

    [Fact]
    public void What_is_out_of_range_is_named()
    {
        Assert.Throws<ArgumentOutOfRangeException>("steps", () => Schedule.Linear(-1));
        Assert.Throws<ArgumentOutOfRangeException>("share", () => StepSpan.Share(1.5));
        Assert.Throws<ArgumentOutOfRangeException>("share", () => StepSpan.Share(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("cycles", () => Schedule.Cosine(cycles: 0));
        Assert.Throws<ArgumentOutOfRangeException>("minimum", () => Schedule.Cosine(minimum: 1.1));
        Assert.Throws<ArgumentOutOfRangeException>("cycles", () => Schedule.CosineWithRestarts(cycles: 0));
        Assert.Throws<ArgumentOutOfRangeException>("power", () => Schedule.Polynomial(power: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("end", () => Schedule.Polynomial(end: -0.1));
        Assert.Throws<ArgumentOutOfRangeException>("timescale", () => Schedule.InverseSquareRoot(timescale: 0));
        Assert.Throws<ArgumentOutOfRangeException>("minimum", () => Schedule.WarmupStableDecay(1, 1, minimum: -1));
        Assert.Throws<ArgumentOutOfRangeException>("up", () => Schedule.WarmupStableDecay(1, 1, up: (Ramp)7));
        Assert.Throws<ArgumentOutOfRangeException>("down", () => Schedule.WarmupStableDecay(1, 1, down: (Ramp)7));
        Assert.Throws<ArgumentOutOfRangeException>("TotalSteps", () => Schedule.Linear() with { TotalSteps = 0 });
        Assert.Throws<ArgumentOutOfRangeException>("step", () => Schedule.Linear().Factor(-1, 10));
        Assert.Throws<ArgumentOutOfRangeException>("totalSteps", () => Schedule.Linear().Factor(0, 0));
    }

    private static void AssertFactors(Schedule schedule, params (long Step, double Factor)[] expected) =>
        Assert.All(expected, entry => Assert.Equal(entry.Factor, schedule.Factor(entry.Step, 10), 1e-7));
}
