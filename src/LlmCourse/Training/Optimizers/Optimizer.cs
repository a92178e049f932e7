using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>Everything about a step that no rule decides: whose turn it is, masters, state and its return.</summary>
internal sealed class Optimizer(IReadOnlyList<NamedParameter> parameters, IUpdateRule rule) : IOptimizer
{
    private const long WidenedAtOnce = 1L << 22; // 16 MB of gradients in fp32

    private ParameterState[] _states = [.. parameters.Select(parameter => new ParameterState(parameter))];
    private bool _disposed;

    public IEnumerable<(string Key, Tensor Value)> State
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _states.SelectMany(state => state.Saved);
        }
    }

    public void Step(double learningRate, double gradientScale = 1)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!double.IsFinite(learningRate) || learningRate < 0)
            throw new ArgumentOutOfRangeException(nameof(learningRate), learningRate, "A learning rate must be finite and at least 0.");
        if (!double.IsFinite(gradientScale))
            throw new ArgumentOutOfRangeException(nameof(gradientScale), gradientScale, "The scale of gradients must be finite.");
        using var noGrad = no_grad();
        ParameterState.Reserve(_states.Where(state => state.Steps == 0 && state.HasGradient), rule);
        foreach (List<ParameterState> chunk in Chunks())
        {
            using var scope = NewDisposeScope();
            rule.Apply([.. chunk.Select(state => state.Begin())], learningRate, gradientScale);
            chunk.ForEach(state => state.End());
        }
    }

    public void Load(Func<string, Tensor?> find)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentNullException.ThrowIfNull(find);
        using var noGrad = no_grad();
        List<ParameterState> loaded = [];
        try
        {
            foreach (NamedParameter parameter in parameters)
                loaded.Add(ParameterState.Load(parameter, find));
            ParameterState.Reserve(loaded.Where(state => state.Steps > 0), rule);
            loaded.ForEach(state => state.Fill(find));
        }
        catch
        {
            loaded.ForEach(state => state.Dispose());
            throw;
        }

        Array.ForEach(_states, state => state.Dispose());
        _states = [.. loaded];
    }

    public void Dispose()
    {
        _disposed = true;
        Array.ForEach(_states, state => state.Dispose());
    }

    // All at once, but for what needs a wider copy of its gradient.
    private IEnumerable<List<ParameterState>> Chunks()
    {
        List<ParameterState> chunk = [];
        long widened = 0;
        foreach (ParameterState state in _states.Where(state => state.HasGradient))
        {
            if (widened > 0 && widened + state.Widened > WidenedAtOnce)
            {
                yield return chunk;
                chunk = [];
                widened = 0;
            }

            chunk.Add(state);
            widened += state.Widened;
        }

        if (chunk.Count > 0)
            yield return chunk;
    }
}
