using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>
/// The rules of AdaLoRA (Zhang et al. 2023, section 3), as peft has them. A change is s B diag(E) A; its i-th triplet is
/// row i of A, E[i] and column i of B.
/// </summary>
internal static class RankAllocation
{
    /// <summary>
    /// How far A and B are from having orthonormal rows and columns (section 3.1): the mean over all of them of
    /// ‖A Aᵀ − I‖ and ‖Bᵀ B − I‖, Frobenius norms. (In the paper they are squared, and added up.)
    /// </summary>
    /// <param name="factors">A [r, input] and B [output, r] of each module; where r is 0 they count as orthonormal.</param>
    /// <returns>A scalar with a gradient.</returns>
    public static Tensor Orthogonality(IReadOnlyList<(Tensor Down, Tensor Up)> factors)
    {
        using var scope = NewDisposeScope();
        Tensor sum = zeros([], factors[0].Down.dtype, factors[0].Down.device);
        foreach ((Tensor down, Tensor up) in factors.Where(pair => pair.Down.size(0) > 0))
        {
            Tensor unit = eye(down.size(0), dtype: down.dtype, device: down.device);
            // The norm of torch has the slope 0 where it is 0, which a root of a sum of squares has not.
            sum = sum.Plus(Size(down.mm(down.t()).Minus(unit))).Plus(Size(up.t().mm(up).Minus(unit)));
        }

        return sum.Over(2 * factors.Count).MoveToOuterDisposeScope();

        static Tensor Size(Tensor matrix) => linalg.norm(matrix.flatten(), 2.0, [0]);
    }

    /// <summary>
    /// The number of triplets that may stay behind a step (section 3.3): b₀ up to step t_i, b_T behind step T − t_f, between them
    /// ⌊b_T + (b₀ − b_T)(1 − (t − t_i) / (T − t_f − t_i))³⌋.
    /// </summary>
    /// <param name="step">t, counted from 0.</param>
    /// <param name="options">T, t_i, t_f and ΔT.</param>
    /// <param name="initial">b₀: all triplets.</param>
    /// <param name="target">b_T: those that are left in the end.</param>
    /// <returns>b_t, and whether triplets are chosen behind this step: at multiples of ΔT between, and always in the end.</returns>
    public static (int Budget, bool Chooses) Budget(long step, AdaLoraOptions options, int initial, int target)
    {
        if (step <= options.WarmUpSteps)
            return (initial, false);
        if (step > options.SettledStep)
            return (target, true);
        double left = 1 - ((step - options.WarmUpSteps) / (double)(options.SettledStep - options.WarmUpSteps));
        return ((int)(((initial - target) * Math.Pow(left, 3)) + target), step % options.Interval == 0);
    }

    /// <summary>
    /// What a loss would feel if a number were 0, smoothed, and how unsteady that is (section 3.2): I = |w · ∂L/∂w|,
    /// Ī ← β₁ Ī + (1 − β₁) I, Ū ← β₂ Ū + (1 − β₂) |I − Ī|.
    /// </summary>
    /// <param name="weight">w, of any shape.</param>
    /// <param name="gradient">∂L/∂w.</param>
    /// <param name="sensitivity">Ī so far; null for 0.</param>
    /// <param name="uncertainty">Ū so far; null for 0.</param>
    /// <param name="options">β₁ and β₂.</param>
    public static (Tensor Sensitivity, Tensor Uncertainty) Smoothed(Tensor weight, Tensor gradient, Tensor? sensitivity, Tensor? uncertainty, AdaLoraOptions options)
    {
        using var scope = NewDisposeScope();
        Tensor now = weight.mul(gradient).abs();
        Tensor mean = Join(sensitivity, now, options.SensitivityDecay);
        Tensor spread = Join(uncertainty, now.Minus(mean).abs(), options.UncertaintyDecay);
        return (mean.MoveToOuterDisposeScope(), spread.MoveToOuterDisposeScope());
    }

    /// <summary>The score of each triplet of a module (section 3.2), where every number has the score Ī Ū: that of E[i] + the mean over row i of A + the mean over column i of B.</summary>
    /// <param name="down">Scores of A [r, input].</param>
    /// <param name="values">Scores of E [r, 1].</param>
    /// <param name="up">Scores of B [output, r].</param>
    /// <returns>[r]</returns>
    public static Tensor Scores(Tensor down, Tensor values, Tensor up)
    {
        using var scope = NewDisposeScope();
        return values.view(-1).Plus(down.mean([1]).Plus(up.mean([0]))).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Which triplets stay (section 3.2): all whose score is above the k-th smallest of all modules together, where k are too many. Of
    /// several with the score of the k-th none stays, so fewer than the budget may be left; no order of modules decides.
    /// </summary>
    /// <param name="scores">Of each module [r].</param>
    /// <param name="budget">How many may stay.</param>
    public static bool[][] Kept(IReadOnlyList<double[]> scores, int budget)
    {
        double[] sorted = [.. scores.SelectMany(module => module).Order()];
        int excess = sorted.Length - budget;
        double threshold = excess <= 0 ? double.NegativeInfinity : sorted[excess - 1];
        return [.. scores.Select(module => Array.ConvertAll(module, score => score > threshold))];
    }

    private static Tensor Join(Tensor? before, Tensor now, double decay) =>
        before is null ? now.Times(1 - decay) : before.Times(decay).Plus(now.Times(1 - decay));
}
