using LlmCourse.Runtime;
using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>
/// How far the training of an AdaLoRA is: its steps, the scores so far, and the triplets that the last choice left. What is given up gets
/// E = 0 and may grow again until the ranks are settled.
/// </summary>
internal sealed class RankAllocator : IDisposable
{
    private const string StepKey = "allocation/step", KeptKey = "allocation/kept", SensitivityKey = "allocation/sensitivity/", UncertaintyKey = "allocation/uncertainty/";

    private readonly AdaLoraOptions _options;
    private readonly (string Name, SingularChange Change)[] _modules;
    private readonly bool _settled;
    private readonly Dictionary<string, (Tensor Sensitivity, Tensor Uncertainty)> _scores = new(StringComparer.Ordinal);
    private readonly Tensor _savedStep = zeros([], ScalarType.Int64, CPU).DetachFromDisposeScope();
    private readonly Tensor _savedKept;
    private long _step;
    private bool[][]? _kept;

    /// <param name="options">The schedule.</param>
    /// <param name="changes">All changes of the adapter.</param>
    /// <param name="settled">Whether the ranks are what they are, since a file had chosen them.</param>
    public RankAllocator(AdaLoraOptions options, IEnumerable<KeyValuePair<NamedSite, SiteChange>> changes, bool settled)
    {
        _options = options;
        _modules = [.. changes.Where(entry => entry.Value is SingularChange).Select(entry => (entry.Key.Site.Name, (SingularChange)entry.Value))];
        _settled = settled;
        _savedKept = zeros([_modules.Sum(module => module.Change.Rank)], ScalarType.Int64, CPU).DetachFromDisposeScope();
    }

    /// <summary>A and B and E of every module, in the order of the gradients that <see cref="Update"/> takes.</summary>
    public IReadOnlyList<Parameter> Parameters => [.. Named.Select(entry => entry.Value)];

    /// <summary>The rank of each module as the last choice left it.</summary>
    public IReadOnlyDictionary<string, int> Ranks => _modules.Select((module, index) => (module.Name, Rank: _kept?[index].Count(kept => kept) ?? module.Change.Rank))
        .ToDictionary(entry => entry.Name, entry => entry.Rank, StringComparer.Ordinal);

    /// <summary>What training adds to the loss: γ times <see cref="RankAllocation.Orthogonality"/>; null where γ is 0.</summary>
    public Tensor? Penalty()
    {
        if (_options.OrthogonalityWeight == 0 || _modules.Length == 0)
            return null;
        using Tensor distance = RankAllocation.Orthogonality([.. _modules.Select(module => ((Tensor)module.Change.Down, (Tensor)module.Change.Up))]);
        return distance.Times(_options.OrthogonalityWeight);
    }

    /// <summary>The triplets of a change that the last choice left, or null before the first.</summary>
    public bool[]? Kept(SiteChange change) => _kept is null ? null
        : _kept.Zip(_modules).FirstOrDefault(entry => ReferenceEquals(entry.Second.Change, change)).First;

    /// <summary>Behind an update: scores by the parameters as they are now and the gradients of the update, and the choice where one is due.</summary>
    /// <param name="gradients">Of <see cref="Parameters"/>, as the update has seen them.</param>
    /// <exception cref="InvalidOperationException">A gradient is missing.</exception>
    public void Update(IReadOnlyList<Tensor?> gradients)
    {
        if (_settled)
            return;
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        if (_step < _options.SettledStep)
            Score(gradients);
        (int budget, bool chooses) = RankAllocation.Budget(_step, _options, Total, _options.TargetRank * _modules.Length);
        if (_step <= _options.SettledStep && (chooses || _step == _options.SettledStep))
            _kept = RankAllocation.Kept([.. _modules.Select(ScoresOf)], budget);
        if (chooses || _step >= _options.SettledStep)
            Mask();
        if (_step == _options.SettledStep)
            Forget();
        _step++;
    }

    /// <summary>All that a later run needs to go on bit by bit. The tensors belong to this and change with its next update.</summary>
    public IEnumerable<(string Key, Tensor Value)> State
    {
        get
        {
            using (Tensor kept = tensor(_kept is null ? [.. Enumerable.Repeat(-1L, Total)] : _kept.SelectMany(module => module.Select(stays => stays ? 1L : 0)).ToArray()))
                _savedKept.copy_(kept);
            _savedStep.FillInPlace(_step);
            return [(StepKey, _savedStep), (KeptKey, _savedKept), .. _scores.SelectMany(entry => new[] { (SensitivityKey + entry.Key, entry.Value.Sensitivity), (UncertaintyKey + entry.Key, entry.Value.Uncertainty) })];
        }
    }

    /// <summary>Replaces the state by copies of what was saved.</summary>
    /// <param name="find">Gives the tensor of a key, or null where there is none. Called inside a dispose scope.</param>
    /// <exception cref="OptimizerStateException">A tensor is missing or has another shape. The state is then as it was.</exception>
    public void Load(Func<string, Tensor?> find)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor Found(string key, long[] shape) => find(key) is not { } found ? throw new OptimizerStateException(key, "is missing")
            : found.shape.AsSpan().SequenceEqual(shape) ? found
            : throw new OptimizerStateException(key, $"is [{string.Join(", ", found.shape)}], [{string.Join(", ", shape)}] was expected");
        long step = Found(StepKey, []).Whole();
        long[] kept = [.. Found(KeptKey, [Total]).data<long>()];
        (string Key, Tensor Sensitivity, Tensor Uncertainty)[] scores = step == 0 || step > _options.SettledStep || _settled ? []
            : [.. Named.Select(entry => (entry.Key,
                Found(SensitivityKey + entry.Key, entry.Value.shape).to(entry.Value.dtype, entry.Value.device, copy: true),
                Found(UncertaintyKey + entry.Key, entry.Value.shape).to(entry.Value.dtype, entry.Value.device, copy: true)))];
        Forget();
        foreach ((string key, Tensor sensitivity, Tensor uncertainty) in scores)
            _scores[key] = (sensitivity.DetachFromDisposeScope(), uncertainty.DetachFromDisposeScope());
        _step = step;
        _kept = kept.Contains(-1) ? null : Split(Array.ConvertAll(kept, flag => flag == 1));
    }

    /// <summary>The same state over the changes of a copy.</summary>
    public RankAllocator Copy(IEnumerable<KeyValuePair<NamedSite, SiteChange>> changes)
    {
        RankAllocator copy = new(_options, changes, _settled) { _step = _step, _kept = _kept };
        using var noGrad = no_grad();
        foreach ((string key, (Tensor sensitivity, Tensor uncertainty)) in _scores)
            copy._scores[key] = (sensitivity.clone().DetachFromDisposeScope(), uncertainty.clone().DetachFromDisposeScope());
        return copy;
    }

    public void Dispose()
    {
        Forget();
        _savedStep.Dispose();
        _savedKept.Dispose();
    }

    private int Total => _modules.Sum(module => module.Change.Rank);

    private IEnumerable<(string Key, Parameter Value)> Named =>
        _modules.SelectMany(module => module.Change.Parameters.Select(parameter => ($"{module.Name}.{parameter.Suffix}", parameter.Value)));

    private void Score(IReadOnlyList<Tensor?> gradients)
    {
        (string Key, Parameter Value)[] named = [.. Named];
        int missing = gradients.ToList().FindIndex(gradient => gradient is null);
        if (missing >= 0)
            throw new InvalidOperationException($"{named[missing].Key} has no gradient: ranks are chosen behind the optimizer's step and before gradients are set to null.");
        for (int i = 0; i < named.Length; i++)
        {
            (Tensor Sensitivity, Tensor Uncertainty)? before = _scores.TryGetValue(named[i].Key, out (Tensor, Tensor) known) ? known : null;
            (Tensor sensitivity, Tensor uncertainty) = RankAllocation.Smoothed(named[i].Value, gradients[i]!, before?.Sensitivity, before?.Uncertainty, _options);
            before?.Sensitivity.Dispose();
            before?.Uncertainty.Dispose();
            _scores[named[i].Key] = (sensitivity.DetachFromDisposeScope(), uncertainty.DetachFromDisposeScope());
        }
    }

    // [r], on the host
    private double[] ScoresOf((string Name, SingularChange Change) module)
    {
        Tensor Elements(string suffix)
        {
            (Tensor sensitivity, Tensor uncertainty) = _scores[$"{module.Name}.{suffix}"];
            return sensitivity.mul(uncertainty);
        }

        return [.. RankAllocation.Scores(Elements("lora_A"), Elements("lora_E"), Elements("lora_B")).to(ScalarType.Float64).cpu().data<double>()];
    }

    private void Mask()
    {
        for (int i = 0; i < _modules.Length; i++)
        {
            Tensor values = _modules[i].Change.Values.detach(), dropped = tensor(Array.ConvertAll(_kept![i], kept => !kept), device: values.device).unsqueeze(1);
            values.WithInPlace(dropped, 0);
        }
    }

    private bool[][] Split(bool[] flags)
    {
        int start = 0;
        return [.. _modules.Select(module => flags[start..(start += module.Change.Rank)])];
    }

    private void Forget()
    {
        foreach ((Tensor sensitivity, Tensor uncertainty) in _scores.Values)
        {
            sensitivity.Dispose();
            uncertainty.Dispose();
        }

        _scores.Clear();
    }
}
