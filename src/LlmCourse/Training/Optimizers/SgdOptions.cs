namespace LlmCourse.Training.Optimizers;

/// <summary>Stochastic gradient descent with momentum, as torch.optim.SGD has it.</summary>
public sealed record SgdOptions : OptimizerOptions
{
    /// <summary>How much of the last update goes on. 0 or more; 0, the default, keeps no state.</summary>
    public double Momentum { get; init; }

    /// <summary>Takes this share of the gradient away before it joins the momentum, after the first step. 0 to 1. Default 0.</summary>
    public double Dampening { get; init; }

    /// <summary>Looks ahead by the momentum (Sutskever et al. 2013). Wants a momentum and no dampening. Default false.</summary>
    public bool Nesterov { get; init; }

    /// <summary>This share of a weight is added to its gradient, if it decays. 0 or more. Default 0.</summary>
    public double WeightDecay { get; init; }

    internal override void Validate()
    {
        Require(IsAmount(Momentum), nameof(Momentum), Momentum, "a finite number, 0 or more");
        Require(Dampening is >= 0 and <= 1, nameof(Dampening), Dampening, "from 0 to 1");
        Require(!Nesterov || (Momentum > 0 && Dampening == 0), nameof(Nesterov), Nesterov, "false unless Momentum is above 0 and Dampening is 0");
        Require(IsAmount(WeightDecay), nameof(WeightDecay), WeightDecay, "a finite number, 0 or more");
    }

    internal override IUpdateRule Rule() => new SgdRule(this);
}
