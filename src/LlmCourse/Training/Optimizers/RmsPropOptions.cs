namespace LlmCourse.Training.Optimizers;

/// <summary>Gradients divided by the root of their mean square (Tieleman and Hinton, "Lecture 6.5: RMSprop", 2012), as torch.optim.RMSprop has it.</summary>
public sealed record RmsPropOptions : OptimizerOptions
{
    /// <summary>How much of the mean of squares stays at each step. 0 or more and below 1. Default 0.99.</summary>
    public double Smoothing { get; init; } = 0.99;

    /// <summary>Added to the root of the mean of squares. 0 or more. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>How much of the last update goes on. 0 or more. Default 0.</summary>
    public double Momentum { get; init; }

    /// <summary>This share of a weight is added to its gradient, if it decays. 0 or more. Default 0.</summary>
    public double WeightDecay { get; init; }

    internal override void Validate()
    {
        Require(IsShare(Smoothing), nameof(Smoothing), Smoothing, "0 or more and below 1");
        Require(IsAmount(Epsilon), nameof(Epsilon), Epsilon, "a finite number, 0 or more");
        Require(IsAmount(Momentum), nameof(Momentum), Momentum, "a finite number, 0 or more");
        Require(IsAmount(WeightDecay), nameof(WeightDecay), WeightDecay, "a finite number, 0 or more");
    }

    internal override IUpdateRule Rule() => new RmsPropRule(this);
}
