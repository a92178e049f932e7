using LlmCourse.Runtime;

namespace LlmCourse.Training.Optimizers;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2), with defaults as in torch.optim.AdamW.
/// With <see cref="L2"/> Adam (Kingma and Ba 2015).
/// </summary>
public sealed record AdamWOptions : OptimizerOptions
{
    /// <summary>β₁: how much of the mean of gradients is kept in a step. 0 or more, below 1. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>β₂: how much of the mean of squared gradients is kept. 0 or more, below 1. Default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>ε, added to the root of the mean of squares. 0 or more. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>
    /// The share of a weight, times the learning rate, that a step takes away. 0 or more. Default 0.01. Not for parameters that do
    /// not decay (<see cref="NamedParameter.Decays"/>).
    /// </summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>
    /// The decay becomes a part of the gradient: Adam with an L2 penalty, torch.optim.Adam, in which weights with large gradients
    /// decay less. Default false.
    /// </summary>
    public bool L2 { get; init; }

    /// <summary>Divides by the largest mean of squares so far (Reddi et al. 2018, AMSGrad). Default false.</summary>
    public bool AmsGrad { get; init; }

    internal override void Validate()
    {
        Require(IsShare(Beta1), nameof(Beta1), Beta1, "0 or more and below 1");
        Require(IsShare(Beta2), nameof(Beta2), Beta2, "0 or more and below 1");
        Require(IsAmount(Epsilon), nameof(Epsilon), Epsilon, "a finite number, 0 or more");
        Require(IsAmount(WeightDecay), nameof(WeightDecay), WeightDecay, "a finite number, 0 or more");
    }

    internal override IUpdateRule Rule() => new AdamRule(this, Kernels.Fast);
}
