namespace LlmCourse.Adapters;

/// <summary>
/// How an AdaLoRA adapter is made (Zhang et al. 2023). Every module starts with the same rank; while it is trained, directions that matter
/// little are given up, and what is left of the budget is where it is useful. The defaults are peft's.
/// </summary>
public sealed record AdaLoraOptions
{
    /// <summary>The rank of every module at first.</summary>
    public int InitialRank { get; init; } = 12;

    /// <summary>The rank that is left at the end, on average over the modules: 0 to <see cref="InitialRank"/>.</summary>
    public int TargetRank { get; init; } = 8;

    /// <summary>
    /// T: how many optimizer steps the adapter will be trained for, in all its runs together. To be given: the budget shrinks by it.
    /// A shorter training leaves more ranks than <see cref="TargetRank"/>.
    /// </summary>
    public int TotalSteps { get; init; }

    /// <summary>How many steps pass before the budget shrinks.</summary>
    public int WarmUpSteps { get; init; }

    /// <summary>
    /// How many steps are left when the ranks are settled. With 0, as in peft, the last choice is the one at the last multiple of <see cref="Interval"/>
    /// and what it gave up has some steps to grow again: give it at least 1.
    /// </summary>
    public int FinalSteps { get; init; }

    /// <summary>ΔT: every how many steps the ranks are chosen anew while the budget shrinks.</summary>
    public int Interval { get; init; } = 1;

    /// <summary>β₁: how much of the smoothed sensitivity stays at each step. Between 0 and 1.</summary>
    public double SensitivityDecay { get; init; } = 0.85;

    /// <summary>β₂: how much of the smoothed uncertainty stays at each step. Between 0 and 1.</summary>
    public double UncertaintyDecay { get; init; } = 0.85;

    /// <summary>γ: what the distance of A and B from orthogonal matrices counts in the loss; 0 for nothing.</summary>
    public double OrthogonalityWeight { get; init; } = 0.5;

    /// <summary>α: the change is scaled by α / <see cref="InitialRank"/>, whatever the rank becomes.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>The share of a module's input that is dropped in front of A while training.</summary>
    public double Dropout { get; init; }

    /// <summary>The linear maps it acts on, named as in <see cref="LoraOptions.Targets"/>; null for q and v.</summary>
    public IReadOnlyList<string>? Targets { get; init; }

    /// <summary>Instead of <see cref="Targets"/>, a regular expression that the whole name must match, ours or the checkpoint's.</summary>
    public string? TargetPattern { get; init; }

    /// <summary>The layers it acts on, counted from 0; null for all.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Modules that are trained in full, as in <see cref="LoraOptions.TrainedModules"/>.</summary>
    public IReadOnlyList<string> TrainedModules { get; init; } = [];

    /// <summary>Of the random numbers in A and B.</summary>
    public long Seed { get; init; }

    /// <summary>s: α / r, with peft's guard against a rank of 0.</summary>
    internal double Scale => Alpha / (InitialRank + 1e-5);

    /// <summary>The step, counted from 0, behind which the ranks stay what they are.</summary>
    internal int SettledStep => TotalSteps - FinalSteps;

    internal AdaLoraOptions Validate()
    {
        Require(InitialRank > 0, nameof(InitialRank), InitialRank, "be at least 1");
        Require(TargetRank >= 0 && TargetRank <= InitialRank, nameof(TargetRank), TargetRank, $"be from 0 to {nameof(InitialRank)}, {InitialRank}");
        Require(TotalSteps > 0, nameof(TotalSteps), TotalSteps, "be the number of steps that the adapter is trained for");
        Require(WarmUpSteps >= 0, nameof(WarmUpSteps), WarmUpSteps, "be 0 or more");
        Require(FinalSteps >= 0, nameof(FinalSteps), FinalSteps, "be 0 or more");
        Require((long)WarmUpSteps + FinalSteps < TotalSteps, nameof(TotalSteps), TotalSteps, $"be more than {nameof(WarmUpSteps)} and {nameof(FinalSteps)} together, {(long)WarmUpSteps + FinalSteps}");
        Require(Interval > 0, nameof(Interval), Interval, "be at least 1");
        Require(SensitivityDecay is > 0 and < 1, nameof(SensitivityDecay), SensitivityDecay, "be between 0 and 1");
        Require(UncertaintyDecay is > 0 and < 1, nameof(UncertaintyDecay), UncertaintyDecay, "be between 0 and 1");
        Require(OrthogonalityWeight >= 0 && double.IsFinite(OrthogonalityWeight), nameof(OrthogonalityWeight), OrthogonalityWeight, "be 0 or a positive number");
        Require(Alpha > 0 && double.IsFinite(Alpha), nameof(Alpha), Alpha, "be a positive number");
        Require(Dropout is >= 0 and < 1, nameof(Dropout), Dropout, "be in [0, 1)");
        Require(Targets is null || TargetPattern is null, nameof(TargetPattern), TargetPattern, "not be given beside " + nameof(Targets));
        Require(Targets is not { Count: 0 }, nameof(Targets), "an empty list", "name something");
        return this;
    }

    private static void Require(bool holds, string property, object? value, string what)
    {
        if (!holds)
            throw new ArgumentException($"{nameof(AdaLoraOptions)}.{property} is {value} and must {what}.");
    }
}
