using LlmCourse.Runtime;
using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>
/// An optimizer behind whose steps an AdaLoRA chooses its ranks. The state of the choice is part of the optimizer's, so checkpoints keep it.
/// </summary>
/// <param name="optimizer">Makes the updates; stays the caller's.</param>
/// <param name="allocator">Chooses; stays its adapter's.</param>
internal sealed class AllocatingOptimizer(IOptimizer optimizer, RankAllocator allocator) : IOptimizer
{
    /// <inheritdoc/>
    public IEnumerable<(string Key, Tensor Value)> State => optimizer.State.Concat(allocator.State);

    /// <inheritdoc/>
    public void Step(double learningRate, double gradientScale = 1)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // An update uses gradients up.
        Tensor?[] gradients = [.. allocator.Parameters.Select(parameter => parameter.grad?.Times(gradientScale))];
        optimizer.Step(learningRate, gradientScale);
        allocator.Update(gradients);
    }

    /// <inheritdoc/>
    public void Step(double learningRate, double gradientScale, IReadOnlyCollection<Parameter> parameters) =>
        throw new NotSupportedException("An AdaLoRA chooses its ranks behind the update of all parameters: update them at once.");

    /// <inheritdoc/>
    public void Load(Func<string, Tensor?> find)
    {
        optimizer.Load(find);
        allocator.Load(find);
    }

    public void Dispose()
    {
        // both have owners
    }
}
