using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Training.Optimizers;

/// <summary>
/// Updates parameters in place by their gradients. Made by <see cref="OptimizerOptions.Create"/>; owns its state, not the
/// parameters. A step adds as many tensors of state as the rule needs when a parameter has its first gradient, and none later.
/// </summary>
public interface IOptimizer : IDisposable
{
    /// <summary>
    /// Updates every parameter that has a gradient. One without is left alone, its weight decay and its step count too.
    /// The gradients are used up: their values are undefined afterwards, so set them to null.
    /// </summary>
    /// <param name="learningRate">The rate of this step, finite and not negative.</param>
    /// <param name="gradientScale">
    /// Every gradient counts times this finite number: the mean of accumulated sums and clipping (<see cref="GradientNorm"/>) in one.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">One of the numbers is not as said.</exception>
    public void Step(double learningRate, double gradientScale = 1);

    /// <summary>
    /// The same for some of the parameters: those among the given that the optimizer has and that have a gradient. Each counts its own steps, so
    /// the parts of one step may come in any order. The first such step adds the state of all parameters.
    /// </summary>
    /// <param name="learningRate">The rate of this step, finite and not negative.</param>
    /// <param name="gradientScale">Every gradient counts times this finite number.</param>
    /// <param name="parameters">The parameters whose turn it is.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of the numbers is not as said.</exception>
    public void Step(double learningRate, double gradientScale, IReadOnlyCollection<Parameter> parameters);

    /// <summary>
    /// All that a later run needs to go on bit by bit, by keys such as <c>exp_avg/name-of-the-parameter</c>. <c>step/…</c>
    /// (int64, []) is there for every parameter, the rest for those that had a gradient. The tensors belong to the optimizer and
    /// change with its next step.
    /// </summary>
    public IEnumerable<(string Key, Tensor Value)> State { get; }

    /// <summary>Replaces the state by copies of what was saved of an optimizer with the same options. The parameters stay as they are.</summary>
    /// <param name="find">Gives the tensor of a key, or null where there is none. Called inside a dispose scope.</param>
    /// <exception cref="OptimizerStateException">A tensor is missing, or has another type or shape. The state is then as it was.</exception>
    public void Load(Func<string, Tensor?> find);
}
