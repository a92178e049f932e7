using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>
/// What an optimizer keeps about one parameter. Moments and master come with the first gradient; those of many parameters are
/// slices of one block, which malloc maps by itself: they would otherwise fill the holes that activations leave, and the next
/// step's activations would need new room.
/// </summary>
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

    /// <summary>Whether there is room for all that is kept.</summary>
    public bool HasRoom { get; private set; }

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
            return (Steps == 0 ? [] : _kept.Select(entry => (Key(entry.Key), entry.Value))).Prepend((Key(StepKind), _count));
        }
    }

    private bool HasMaster => Wide != _parameter.Value.dtype;

    private ScalarType Wide => _parameter.Value.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? ScalarType.Float32 : _parameter.Value.dtype;

    public Tensor this[string moment] => _kept[moment];

    public bool IsIn(HashSet<nint> handles) => handles.Contains(_parameter.Value.Handle);

    /// <summary>Gives room, zero at first, to states that have none.</summary>
    public static void Reserve(IEnumerable<ParameterState> states, IUpdateRule rule)
    {
        foreach (var group in states.GroupBy(state => (state.Wide, state._parameter.Value.device_type, state._parameter.Value.device_index)))
        {
            (ParameterState State, string Kind, long[] Shape, long Size)[] wanted =
                [.. group.SelectMany(state => state.Kinds(rule).Select(kind => (state, kind.Kind, kind.Shape, kind.Shape.Aggregate(1L, (product, size) => product * size))))];
            using Tensor block = zeros([wanted.Sum(slice => slice.Size)], group.Key.Wide, group.First()._parameter.Value.device);
            long start = 0;
            foreach ((ParameterState state, string kind, long[] shape, long size) in wanted)
            {
                using Tensor slice = block.narrow(0, start, size);
                state._kept[kind] = slice.view(shape).DetachFromDisposeScope();
                start += size;
            }

            foreach (ParameterState state in group)
                state.HasRoom = true;
        }
    }

    /// <summary>The steps that were saved for a parameter, without moments.</summary>
    public static ParameterState Load(NamedParameter parameter, Func<string, Tensor?> find)
    {
        ParameterState state = new(parameter);
        try
        {
            using var scope = NewDisposeScope();
            long steps = state.Found(find, StepKind, ScalarType.Int64, []).Whole();
            state.Steps = steps >= 0 ? steps : throw new OptimizerStateException(state.Key(StepKind), $"is {steps}, a number of steps was expected");
            return state;
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Fills the room with what was saved.</summary>
    public void Fill(Func<string, Tensor?> find)
    {
        using var scope = NewDisposeScope();
        foreach ((string kind, Tensor kept) in _kept)
            kept.copy_(Found(find, kind, Wide, kept.shape));
    }

    /// <summary>Counts a step and gives what the rule works on.</summary>
    public Update Begin()
    {
        if (Steps++ == 0 && HasMaster)
            _kept[MasterKind].copy_(_parameter.Value);

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
