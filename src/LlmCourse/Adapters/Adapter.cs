using System.Globalization;
using System.Text.Json.Nodes;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
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

    /// <summary>How it was made: <see cref="LoraOptions"/> and the like.</summary>
    internal object Options { get; }

    /// <summary>What it puts in front of the text, or null.</summary>
    internal SoftPrompt? Prompt { get; init; }

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

    internal Adapter Copy(string name) => new(name, Method, Options, Changed.Select(entry => KeyValuePair.Create(entry.Site, entry.Change.Copy())))
    {
        BaseParameterCount = BaseParameterCount,
        Prompt = Prompt?.Copy(),
        Source = Source,
    };

    internal void Dispose()
    {
        _disposed = true;
        Prompt?.Dispose();
        foreach ((_, SiteChange change) in Changed)
            change.Dispose();
    }
}
