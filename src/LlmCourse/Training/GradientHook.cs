using LlmCourse.Training.Optimizers;

namespace LlmCourse.Training;

/// <summary>
/// Called once a step, behind the backward passes and before clipping. The gradients are sums of terms as
/// <see cref="ObjectiveValue"/> means them, not means yet. A hook may change them in place: data parallelism adds up those of
/// all processes, and the weights likewise.
/// </summary>
/// <param name="parameters">The parameters with their gradients.</param>
/// <param name="weight">The number of terms in the sums.</param>
/// <returns>The number of terms in the sums as the hook leaves them.</returns>
public delegate double GradientHook(IReadOnlyList<NamedParameter> parameters, double weight);
