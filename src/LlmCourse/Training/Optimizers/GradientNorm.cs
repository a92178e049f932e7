using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>The size of all gradients together, and clipping by it (Pascanu et al. 2013).</summary>
public static class GradientNorm
{
    /// <summary>
    /// The norm of all gradients as one vector, in fp32 or better whatever they have, with one transfer from each device. NaN or
    /// infinite where any gradient is; 0 where there is none.
    /// </summary>
    /// <param name="parameters">Those without a gradient count as zero.</param>
    /// <param name="order">p of the norm: above 0; 2 for the usual one, infinity for the largest absolute value.</param>
    public static double Of(IEnumerable<Tensor> parameters, double order = 2)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (!(order > 0))
            throw new ArgumentOutOfRangeException(nameof(order), order, "The order of a norm must be above 0.");
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        List<Tensor> norms = [];
        foreach (Tensor parameter in parameters)
        {
            using var one = NewDisposeScope();
            if (parameter.grad is { } gradient && gradient.numel() > 0)
                norms.Add(OfOne(gradient.dtype == ScalarType.Float64 ? gradient : gradient.to(ScalarType.Float32), order).MoveToOuterDisposeScope());
        }

        IEnumerable<double> parts = norms.GroupBy(norm => (norm.device_type, norm.device_index))
            .SelectMany(group => stack(group).cpu().data<double>().ToArray());
        return double.IsPositiveInfinity(order)
            ? parts.Aggregate(0.0, Math.Max)
            : Math.Pow(parts.Sum(part => Math.Pow(part, order)), 1 / order);
    }

    /// <summary>
    /// What gradients are multiplied by so that their norm is at most some number: min(1, most / (norm + 10⁻⁶)), as torch has it.
    /// NaN for a norm of NaN.
    /// </summary>
    /// <param name="norm">Of the gradients as they are.</param>
    /// <param name="most">The largest norm allowed, above 0.</param>
    public static double ClipFactor(double norm, double most) =>
        most > 0 ? Math.Min(1, most / (norm + 1e-6)) : throw new ArgumentOutOfRangeException(nameof(most), most, "The largest norm must be above 0.");

    /// <summary>
    /// The norm of a tensor, fp64 [], row by row and then in fp64: torch on the CPU adds up in the tensor's own precision, and would be
    /// 0.15 % off over 28 million numbers of fp32 at once.
    /// </summary>
    internal static Tensor OfOne(Tensor x, double order)
    {
        // linalg.norm takes its order by value, where linalg.vector_norm makes an object of it that a collection may free.
        using Tensor lines = x.dim() == 0 ? x.reshape(1) : x.alias(), rows = linalg.norm(lines, order, [-1]), wide = rows.to(ScalarType.Float64), flat = wide.flatten();
        return linalg.norm(flat, order, [0]);
    }
}
