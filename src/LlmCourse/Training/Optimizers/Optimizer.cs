using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

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
        ParameterState[] due = [.. _states.Where(state => state.HasGradient)];
        Step(learningRate, gradientScale, due, due);
    }

    public void Step(double learningRate, double gradientScale, IReadOnlyCollection<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        HashSet<nint> chosen = [.. parameters.Select(parameter => parameter.Handle)];
        // Room for one part after the other would be found among activations: all of it at once is a block of its own.
        Step(learningRate, gradientScale, [.. _states.Where(state => state.IsIn(chosen) && state.HasGradient)], _states);
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

    private void Step(double learningRate, double gradientScale, ParameterState[] due, ParameterState[] reserved)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!double.IsFinite(learningRate) || learningRate < 0)
            throw new ArgumentOutOfRangeException(nameof(learningRate), learningRate, "A learning rate must be finite and at least 0.");
        if (!double.IsFinite(gradientScale))
            throw new ArgumentOutOfRangeException(nameof(gradientScale), gradientScale, "The scale of gradients must be finite.");
        using var noGrad = no_grad();
        ParameterState.Reserve(reserved.Where(state => !state.HasRoom), rule);
        foreach (List<ParameterState> chunk in Chunks(due))
        {
            using var scope = NewDisposeScope();
            rule.Apply([.. chunk.Select(state => state.Begin())], learningRate, gradientScale);
            chunk.ForEach(state => state.End());
        }
    }

    // All at once, but for what needs a wider copy of its gradient.
    private static IEnumerable<List<ParameterState>> Chunks(ParameterState[] due)
    {
        List<ParameterState> chunk = [];
        long widened = 0;
        foreach (ParameterState state in due)
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
