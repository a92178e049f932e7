using TorchSharp;

namespace LlmCourse.Training.Optimizers;

/// <summary>
/// Which rule turns gradients into updates, and its settings. The learning rate is given to every step.
/// </summary>
/// <remarks>
/// Parameters in bf16 or fp16 are trained through a master copy in fp32: it takes the updates, and the parameter is the master
/// rounded, so that updates too small for the short type add up. All state is in fp32 (fp64 for fp64). What others write into
/// such a parameter between two steps is lost: make a new optimizer instead.
/// </remarks>
public abstract record OptimizerOptions
{
    private protected OptimizerOptions()
    {
    }

    /// <summary>Makes an optimizer over some parameters, which must stay where they are and of their type while it is used.</summary>
    /// <param name="parameters">Each once, under a name of its own.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the message names it.</exception>
    /// <exception cref="ArgumentException">A parameter or a name is there twice, or a type is not one of floating point.</exception>
    public IOptimizer Create(IReadOnlyList<NamedParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Validate();
        HashSet<string> names = new(StringComparer.Ordinal);
        HashSet<nint> seen = [];
        foreach (NamedParameter parameter in parameters)
        {
            if (!names.Add(parameter.Name) || !seen.Add(parameter.Value.Handle))
                throw new ArgumentException($"Parameter '{parameter.Name}' is there twice: name it once, under one name.", nameof(parameters));
            if (!torch.is_floating_point(parameter.Value))
                throw new ArgumentException($"Parameter '{parameter.Name}' is {parameter.Value.dtype}: only floating point can be trained.", nameof(parameters));
        }

        return new Optimizer(parameters, Rule());
    }

    internal abstract void Validate();

    /// <summary>The rule itself, with no parameters yet.</summary>
    internal abstract IUpdateRule Rule();

    private protected static void Require(bool holds, string property, object? value, string expectation)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(property, value, $"{property} must be {expectation}.");
    }

    private protected static bool IsAmount(double value) => double.IsFinite(value) && value >= 0;

    private protected static bool IsShare(double value) => value is >= 0 and < 1;
}
