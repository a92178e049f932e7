using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Training.Optimizers;

/// <summary>Parameters with gradients that depend on the step alone, and an optimizer over them.</summary>
internal sealed class Trained : IDisposable
{
    private readonly NamedParameter[] _parameters;

    public Trained(OptimizerOptions options, params Tensor[] starts)
        : this(options.Create, starts)
    {
    }

    public Trained(Func<IReadOnlyList<NamedParameter>, IOptimizer> create, params Tensor[] starts)
    {
        _parameters = [.. starts.Select((start, i) => new NamedParameter($"p{i}", new Parameter(start.clone()), Decays: i != 1))];
        Optimizer = create(_parameters);
    }

    public IOptimizer Optimizer { get; }

    public IEnumerable<Parameter> Values => _parameters.Select(parameter => parameter.Value);

    public Tensor this[int index] => _parameters[index].Value;

    /// <summary>Four parameters of several shapes, the second of which does not decay.</summary>
    public static Tensor[] Starts(ScalarType type = ScalarType.Float32) =>
        [Random(1, type, 5, 4), Random(2, type, 4), Random(3, type, 2, 3, 2), Random(4, type, 1, 1).squeeze()];

    public static Tensor Random(long seed, ScalarType type, params long[] shape)
    {
        using Generator generator = new((ulong)seed);
        return randn(shape, generator: generator).to(type);
    }

    /// <summary>One step with one gradient for each parameter; null for none.</summary>
    public void Step(double learningRate, params double?[] gradients)
    {
        for (int i = 0; i < _parameters.Length; i++)
            _parameters[i].Value.grad = gradients[i] is { } gradient ? full_like(_parameters[i].Value, gradient) : null;
        Optimizer.Step(learningRate);
    }

    /// <summary>Steps with gradients drawn for each step; the third parameter has none in every other.</summary>
    public void Steps(int from, int to, double learningRate = 0.05, double scale = 1)
    {
        for (int step = from; step < to; step++)
        {
            using var scope = NewDisposeScope();
            for (int i = 0; i < _parameters.Length; i++)
                _parameters[i].Value.grad = i == 2 && step % 2 == 1 ? null : Random((100 * step) + i, _parameters[i].Value.dtype, _parameters[i].Value.shape);
            Optimizer.Step(learningRate, scale);
        }

        foreach (Parameter value in Values)
            value.grad = null;
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        foreach (Parameter value in Values)
            value.Dispose();
    }
}
