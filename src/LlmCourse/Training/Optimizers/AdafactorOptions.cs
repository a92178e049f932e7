namespace LlmCourse.Training.Optimizers;

/// <summary>
/// Adafactor (Shazeer and Stern 2018, algorithms 4 and 5), T5's optimizer: of a matrix's squared gradients only the means of rows and
/// columns are kept, so that the state of n × m weights is n + m numbers. As in transformers, but for the default of
/// <see cref="StepSize"/>. T5 was fine-tuned with a constant learning rate of 1e-3 and these defaults.
/// </summary>
public sealed record AdafactorOptions : OptimizerOptions
{
    /// <summary>Where the size of a step comes from. Default <see cref="AdafactorStep.Given"/>.</summary>
    public AdafactorStep StepSize { get; init; }

    /// <summary>
    /// Multiplies the step by the root mean square of the parameter, at least <see cref="ScaleFloor"/>: rates are then relative to
    /// the weights. Default true.
    /// </summary>
    public bool ScaleParameter { get; init; } = true;

    /// <summary>ε₂, see <see cref="ScaleParameter"/>: lets weights leave zero. 0 or more. Default 1e-3.</summary>
    public double ScaleFloor { get; init; } = 1e-3;

    /// <summary>ε₁, added to squared gradients. Above 0. Default 1e-30.</summary>
    public double Epsilon { get; init; } = 1e-30;

    /// <summary>d: an update whose root mean square is larger is scaled down to it. Above 0. Default 1.</summary>
    public double ClipThreshold { get; init; } = 1;

    /// <summary>The mean of squares keeps 1 − t to this power in step t. Below 0. Default −0.8.</summary>
    public double DecayRate { get; init; } = -0.8;

    /// <summary>β₁ of a mean of updates; null, the default, keeps none, which saves its memory. 0 or more, below 1.</summary>
    public double? Beta1 { get; init; }

    /// <summary>The share of a weight, times the step's size, that a step takes away if the parameter decays. 0 or more. Default 0.</summary>
    public double WeightDecay { get; init; }

    internal override void Validate()
    {
        Require(Enum.IsDefined(StepSize), nameof(StepSize), StepSize, "one of " + string.Join(", ", Enum.GetNames<AdafactorStep>()));
        Require(IsAmount(ScaleFloor), nameof(ScaleFloor), ScaleFloor, "a finite number, 0 or more");
        Require(IsAmount(Epsilon) && Epsilon > 0, nameof(Epsilon), Epsilon, "a finite number above 0");
        Require(IsAmount(ClipThreshold) && ClipThreshold > 0, nameof(ClipThreshold), ClipThreshold, "a finite number above 0");
        Require(double.IsFinite(DecayRate) && DecayRate < 0, nameof(DecayRate), DecayRate, "a finite number below 0");
        Require(Beta1 is null || IsShare(Beta1.Value), nameof(Beta1), Beta1, "0 or more and below 1, or null");
        Require(IsAmount(WeightDecay), nameof(WeightDecay), WeightDecay, "a finite number, 0 or more");
    }

    internal override IUpdateRule Rule() => new AdafactorRule(this);
}
