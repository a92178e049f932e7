using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>What an optimizer keeps about one parameter. Moments and master come with the first gradient.</summary>
internal sealed class ParameterState : IDisposable
{
    private const string StepKind = "step";
    private const string MasterKind = "master";

    private readonly NamedParameter _parameter;
    private readonly Tensor _count = zeros([], ScalarType.Int64, CPU).DetachFromDisposeScope();
    private readonly Dictionary<string, Tensor> _kept = new(StringComparer.Ordinal); // the master, then the moments

    public ParameterState(NamedParameter parameter) => _parameter = parameter;

    /// <summary>How many steps the parameter has had.</summary>
    public long Steps { get; private set; }

    public bool Decays => _parameter.Decays;

    /// <summary>Whether a step is due; a parameter without elements has nothing to update.</summary>
    public bool HasGradient
    {
        get
        {
            using Tensor? gradient = _parameter.Value.grad;
            return gradient is not null && gradient.numel() > 0;
        }
    }

    /// <summary>Elements of the gradient that are copied to a wider type for a step.</summary>
    public long Widened => HasMaster ? _parameter.Value.numel() : 0;

    /// <summary>Live tensors by their keys.</summary>
    public IEnumerable<(string Key, Tensor Value)> Saved
    {
        get
        {
            using Scalar steps = Steps;
            _count.fill_(steps);
            return _kept.Select(entry => (Key(entry.Key), entry.Value)).Prepend((Key(StepKind), _count));
        }
    }

    private bool HasMaster => Wide != _parameter.Value.dtype;

    private ScalarType Wide => _parameter.Value.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? ScalarType.Float32 : _parameter.Value.dtype;

    public Tensor this[string moment] => _kept[moment];

    /// <summary>Copies of what was saved for a parameter.</summary>
    public static ParameterState Load(NamedParameter parameter, IUpdateRule rule, Func<string, Tensor?> find)
    {
        ParameterState state = new(parameter);
        try
        {
            using var scope = NewDisposeScope();
            long steps = state.Found(find, StepKind, ScalarType.Int64, []).cpu().ToInt64();
            if (steps < 0)
                throw new OptimizerStateException(state.Key(StepKind), $"is {steps}, a number of steps was expected");
            state.Steps = steps;
            foreach ((string kind, long[] shape) in steps == 0 ? [] : state.Kinds(rule))
                state._kept[kind] = state.Found(find, kind, state.Wide, shape).to(state.Wide, parameter.Value.device, copy: true).DetachFromDisposeScope();
            return state;
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Counts a step and gives what the rule works on.</summary>
    public Update Begin(IUpdateRule rule)
    {
        if (Steps++ == 0)
        {
            foreach ((string kind, long[] shape) in Kinds(rule))
                _kept[kind] = zeros(shape, Wide, _parameter.Value.device).DetachFromDisposeScope();
            if (HasMaster)
                _kept[MasterKind].copy_(_parameter.Value);
        }

        Tensor gradient = _parameter.Value.grad!;
        return new(this, HasMaster ? _kept[MasterKind] : _parameter.Value, gradient.dtype == Wide ? gradient : gradient.to(Wide));
    }

    /// <summary>Rounds the master to the parameter.</summary>
    public void End()
    {
        if (HasMaster)
            _parameter.Value.copy_(_kept[MasterKind]);
    }

    public void Dispose()
    {
        _count.Dispose();
        foreach (Tensor tensor in _kept.Values)
            tensor.Dispose();
    }

    private IEnumerable<(string Kind, long[] Shape)> Kinds(IUpdateRule rule)
    {
        long[] shape = _parameter.Value.shape;
        return HasMaster ? rule.Moments(shape).Prepend((MasterKind, shape)) : rule.Moments(shape);
    }

    private string Key(string kind) => $"{kind}/{_parameter.Name}";

    private Tensor Found(Func<string, Tensor?> find, string kind, ScalarType type, long[] shape)
    {
        Tensor found = find(Key(kind)) ?? throw new OptimizerStateException(Key(kind), "is missing");
        return found.dtype == type && found.shape.AsSpan().SequenceEqual(shape) ? found : throw new OptimizerStateException(
            Key(kind), $"is {found.dtype} [{string.Join(", ", found.shape)}], expected {type} [{string.Join(", ", shape)}]");
    }
}
