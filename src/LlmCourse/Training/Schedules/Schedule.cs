namespace LlmCourse.Training.Schedules;

/// <summary>
/// How the learning rate goes over a run: a factor of the base rate for each step, with the meaning of transformers' get_scheduler.
/// Step 0 of a warm-up has factor 0 there, and so here.
/// </summary>
public sealed record Schedule
{
    private Schedule(Kind kind, StepSpan warmUp) => (Shape, WarmUp) = (kind, warmUp);

    private enum Kind
    {
        Constant,
        Linear,
        Cosine,
        CosineWithRestarts,
        Polynomial,
        InverseSquareRoot,
        WarmupStableDecay,
    }

    /// <summary>Its name, that of the function it was made by.</summary>
    public string Name => Shape.ToString();

    /// <summary>
    /// The number of steps that the curve is laid over, 1 or more, where that is not the run's: a run that may stop early, or the
    /// first part of a longer one.
    /// </summary>
    public long? TotalSteps
    {
        get;
        init => field = value is null or > 0 ? value : throw new ArgumentOutOfRangeException(nameof(TotalSteps), value, $"{nameof(TotalSteps)} must be at least 1.");
    }

    /// <summary>Whether <see cref="Factor"/> has to know how many steps there are.</summary>
    internal bool NeedsTotal => WarmUp.IsShare || Shape switch
    {
        Kind.Constant or Kind.InverseSquareRoot => false,
        Kind.WarmupStableDecay => Decay.IsShare || Stable is not { IsShare: false },
        _ => true,
    };

    private Kind Shape { get; }

    private StepSpan WarmUp { get; }

    private StepSpan Decay { get; init; }

    private StepSpan? Stable { get; init; }

    private double Cycles { get; init; }

    private double Power { get; init; }

    private double Minimum { get; init; }

    private long? Timescale { get; init; }

    private Ramp Up { get; init; }

    private Ramp Down { get; init; }

    /// <summary>The base rate throughout, after a warm-up that rises evenly from 0.</summary>
    /// <param name="warmUp">How long the rate rises; none by default.</param>
    public static Schedule Constant(StepSpan warmUp = default) => new(Kind.Constant, warmUp);

    /// <summary>Falls evenly to 0 at the end.</summary>
    /// <inheritdoc cref="Constant" path="/param"/>
    public static Schedule Linear(StepSpan warmUp = default) => new(Kind.Linear, warmUp);

    /// <summary>Falls along a cosine (Loshchilov and Hutter 2017, eq. 5). Beyond the end the wave goes on.</summary>
    /// <param name="warmUp">How long the rate rises; none by default.</param>
    /// <param name="cycles">How many waves; a half, the default, is one way down. Above 0.</param>
    /// <param name="minimum">The share of the base rate at the foot of a wave, 0 to 1.</param>
    public static Schedule Cosine(StepSpan warmUp = default, double cycles = 0.5, double minimum = 0) => new(Kind.Cosine, warmUp)
    {
        Cycles = Positive(cycles, nameof(cycles)),
        Minimum = Share(minimum, nameof(minimum)),
    };

    /// <summary>Falls along a cosine to 0 several times, each time from the base rate (Loshchilov and Hutter 2017).</summary>
    /// <param name="warmUp">How long the rate rises; none by default.</param>
    /// <param name="cycles">How many ways down, 1 or more.</param>
    public static Schedule CosineWithRestarts(StepSpan warmUp = default, int cycles = 1) => new(Kind.CosineWithRestarts, warmUp)
    {
        Cycles = Positive(cycles, nameof(cycles)),
    };

    /// <summary>Falls with a power of the steps that are left.</summary>
    /// <param name="warmUp">How long the rate rises; none by default.</param>
    /// <param name="power">Above 0; 1, the default, is a straight line.</param>
    /// <param name="end">The share of the base rate at the end and beyond it, 0 to 1.</param>
    public static Schedule Polynomial(StepSpan warmUp = default, double power = 1, double end = 0) => new(Kind.Polynomial, warmUp)
    {
        Power = Positive(power, nameof(power)),
        Minimum = Share(end, nameof(end)),
    };

    /// <summary>Falls with 1/√(steps) and needs no end (Vaswani et al. 2017, eq. 3; T5's pre-training).</summary>
    /// <param name="warmUp">How long the rate rises; none by default.</param>
    /// <param name="timescale">
    /// So many steps after the warm-up the rate is 1/√2 of the base. 1 or more; by default the length of the warm-up, or 10,000
    /// without one.
    /// </param>
    public static Schedule InverseSquareRoot(StepSpan warmUp = default, long? timescale = null) => new(Kind.InverseSquareRoot, warmUp)
    {
        Timescale = timescale is null or > 0 ? timescale : throw Refused(nameof(timescale), timescale, "at least 1"),
    };

    /// <summary>Rises, stays, and falls at the end (Hu et al. 2024, "MiniCPM", section 4).</summary>
    /// <param name="warmUp">How long the rate rises.</param>
    /// <param name="decay">How long it falls.</param>
    /// <param name="stable">How long it stays; by default what the run has left.</param>
    /// <param name="minimum">The share of the base rate that it starts from and ends at, 0 to 1.</param>
    /// <param name="up">The way up.</param>
    /// <param name="down">The way down.</param>
    public static Schedule WarmupStableDecay(
        StepSpan warmUp, StepSpan decay, StepSpan? stable = null, double minimum = 0, Ramp up = Ramp.Linear, Ramp down = Ramp.Cosine) => new(Kind.WarmupStableDecay, warmUp)
        {
            Decay = decay,
            Stable = stable,
            Minimum = Share(minimum, nameof(minimum)),
            Up = Known(up, nameof(up)),
            Down = Known(down, nameof(down)),
        };

    /// <summary>What the base rate is multiplied by.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="totalSteps">How many the run has, 1 or more; null where nobody knows. <see cref="TotalSteps"/> goes first.</param>
    /// <exception cref="InvalidOperationException">The number of steps is needed and not known.</exception>
    public double Factor(long step, long? totalSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (totalSteps is < 1)
            throw Refused(nameof(totalSteps), totalSteps, "at least 1");
        if ((TotalSteps ?? totalSteps) is not { } total)
            total = NeedsTotal ? throw new InvalidOperationException($"The schedule {Name} needs the number of steps, which this run does not know: set {nameof(TotalSteps)}.") : 0;
        long from = WarmUp.In(total);
        if (step < from && Shape != Kind.WarmupStableDecay)
            return Curve.WarmUp(step, from);
        long decay = Decay.In(total);
        return Shape switch
        {
            Kind.Linear => Curve.Linear(step, from, total),
            Kind.Cosine => Curve.Cosine(step, from, total, Cycles, Minimum),
            Kind.CosineWithRestarts => Curve.CosineWithRestarts(step, from, total, Cycles),
            Kind.Polynomial => Curve.Polynomial(step, from, total, Power, Minimum),
            Kind.InverseSquareRoot => Curve.InverseSquareRoot(step, from, Timescale ?? (from > 0 ? from : 10_000)),
            Kind.WarmupStableDecay => Curve.WarmupStableDecay(step, from, Stable?.In(total) ?? Math.Max(0, total - from - decay), decay, Minimum, Up, Down),
            _ => 1,
        };
    }

    private static double Positive(double value, string name) => double.IsFinite(value) && value > 0 ? value : throw Refused(name, value, "a finite number above 0");

    private static double Share(double value, string name) => value is >= 0 and <= 1 ? value : throw Refused(name, value, "from 0 to 1");

    private static Ramp Known(Ramp value, string name) => Enum.IsDefined(value) ? value : throw Refused(name, value, "one of " + string.Join(", ", Enum.GetNames<Ramp>()));

    private static ArgumentOutOfRangeException Refused(string name, object? value, string expectation) => new(name, value, $"{name} must be {expectation}.");
}
