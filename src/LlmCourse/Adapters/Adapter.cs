using System.Globalization;
using System.Text.Json.Nodes;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>A change of a model that lives beside it: its parameters are its own, and the model's stay as they are.</summary>
public sealed class Adapter
{
    private readonly Dictionary<string, SiteChange[]> _changes;
    private bool _disposed;

    internal Adapter(string name, AdapterMethod method, object options, IEnumerable<KeyValuePair<NamedSite, SiteChange>> changes)
    {
        Name = name;
        Method = method;
        Options = options;
        Changed = [.. changes.Select(entry => (entry.Key, entry.Value))];
        _changes = Changed.GroupBy(entry => entry.Site.Site.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Select(entry => entry.Change).ToArray(), StringComparer.Ordinal);
    }

    /// <summary>Its name among the adapters of its model.</summary>
    public string Name { get; }

    /// <summary>What kind of change it is.</summary>
    public AdapterMethod Method { get; }

    /// <summary>The number of its parameters: what training it trains.</summary>
    public long ParameterCount => Parameters.Sum(parameter => parameter.Value.numel());

    /// <summary>What it takes in memory, and about what its file takes.</summary>
    public long Bytes => Parameters.Sum(parameter => parameter.Value.numel() * parameter.Value.element_size());

    /// <summary>How many virtual tokens it puts in front of the text.</summary>
    public int VirtualTokens => Prompt?.Count ?? 0;

    /// <summary>The modules it acts on, under our names.</summary>
    public IReadOnlyList<string> Modules => [.. _changes.Keys];

    /// <summary>What it is, beside the size of the model.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Name}: {Method}, {ParameterCount:N0} parameters ({100.0 * ParameterCount / BaseParameterCount:0.###} % of the model's {BaseParameterCount:N0}), {Bytes / 1e6:0.##} MB");

    /// <summary>Whether it is merged into the model's weights at the moment.</summary>
    public bool IsMerged { get; internal set; }

    /// <summary>
    /// Of an AdaLoRA the rank that each module has left, under our names; of others nothing. While the budget shrinks it is
    /// that of the last choice, and what <see cref="AdapterSet.Save"/> writes.
    /// </summary>
    public IReadOnlyDictionary<string, int> Ranks => Allocator?.Ranks ?? new Dictionary<string, int>();

    /// <summary>
    /// Lets an AdaLoRA choose its ranks in a loop of one's own: to be called once a step, behind the optimizer's step and before the
    /// gradients are set to null. <see cref="Llm.FineTune"/> does it itself.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is no AdaLoRA, it is merged, or its parameters have no gradients.</exception>
    public void Allocate()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        RankAllocator allocator = Allocator ?? throw new InvalidOperationException($"The adapter '{Name}' is a {Method}, whose ranks stay as they are.");
        if (IsMerged)
            throw new InvalidOperationException($"The adapter '{Name}' is merged into the weights: unmerge it before training it.");
        Tensor?[] gradients = [.. allocator.Parameters.Select(parameter => parameter.grad)];
        allocator.Update(gradients);
        Array.ForEach(gradients, gradient => gradient?.Dispose());
    }

    /// <summary>How it was made: <see cref="LoraOptions"/> and the like.</summary>
    internal object Options { get; }

    /// <summary>What it puts in front of the text, or null.</summary>
    internal SoftPrompt? Prompt { get; init; }

    /// <summary>What chooses the ranks of an AdaLoRA, or null.</summary>
    internal RankAllocator? Allocator { get; init; }

    /// <summary>The number of parameters of the model it is for.</summary>
    internal long BaseParameterCount { get; init; }

    /// <summary>The configuration that it was read with, or null.</summary>
    internal JsonObject? Source { get; init; }

    internal IReadOnlyList<(NamedSite Site, SiteChange Change)> Changed { get; }

    /// <summary>Everything that is trained, under names that a training checkpoint keeps.</summary>
    internal IReadOnlyList<NamedParameter> Parameters =>
        [.. Prompt?.Parameters ?? [], .. Changed.SelectMany(entry => entry.Change.Parameters.Select(parameter => new NamedParameter($"{entry.Site.Site.Name}.{parameter.Suffix}", parameter.Value, parameter.Decays)))];

    /// <summary>What it does at a module, in order; nothing where it is merged.</summary>
    internal IReadOnlyList<SiteChange> At(AdapterSite site)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return !IsMerged && _changes.TryGetValue(site.Name, out SiteChange[]? changes) ? changes : [];
    }

    internal Adapter Copy(string name)
    {
        KeyValuePair<NamedSite, SiteChange>[] changes = [.. Changed.Select(entry => KeyValuePair.Create(entry.Site, entry.Change.Copy()))];
        return new Adapter(name, Method, Options, changes)
        {
            Allocator = Allocator?.Copy(changes),
            BaseParameterCount = BaseParameterCount,
            Prompt = Prompt?.Copy(),
            Source = Source,
        };
    }

    internal void Dispose()
    {
        _disposed = true;
        Prompt?.Dispose();
        Allocator?.Dispose();
        foreach ((_, SiteChange change) in Changed)
            change.Dispose();
    }
}
