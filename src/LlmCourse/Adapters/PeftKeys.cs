using LlmCourse.Checkpoints;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>The tensors of an adapter's file by the module they belong to.</summary>
internal sealed class PeftKeys
{
    // Longest first: a plain end would match the longer one too.
    private static readonly string[] Suffixes =
    [
        "lora_magnitude_vector.weight", "lora_magnitude_vector", "lora_embedding_A", "lora_embedding_B", "base_layer.weight", "base_layer.bias",
        "lora_A.weight", "lora_A", "lora_E", "lora_B.weight", "lora_B.bias", "lora_B", "ia3_l", "weight", "bias",
    ];

    private readonly string _path;
    private readonly IWeightSource _file;
    private readonly Dictionary<NamedSite, Dictionary<string, string>> _tensors = [];

    /// <summary>Finds the module of every tensor but some others.</summary>
    /// <exception cref="AdapterException">Tensors belong to modules that the model does not have.</exception>
    public PeftKeys(string path, IWeightSource file, TransformerModel model, AdapterSites sites, params string[] others)
    {
        (_path, _file) = (path, file);
        ILookup<string, NamedSite> modules = sites.All.SelectMany(site => site.Tables(model).Append(site).Select(named => (named.Module, site))).ToLookup(pair => pair.Module, pair => pair.site, StringComparer.Ordinal);
        List<string> unknown = [];
        foreach (string key in file.Weights.Keys.Except(others).Order(StringComparer.Ordinal))
        {
            // With all biases peft writes those of a module that is trained in full three times: as its own, as the wrapper's, and
            // the base's, which count nowhere.
            if (key.EndsWith(".bias", StringComparison.Ordinal) && key.Contains(".original_module.", StringComparison.Ordinal))
                continue;
            string name = key.Replace(".modules_to_save.default.", ".", StringComparison.Ordinal).Replace(".modules_to_save.", ".", StringComparison.Ordinal);
            foreach (string prefix in new[] { "base_model.", "model." })
                name = name.StartsWith(prefix, StringComparison.Ordinal) && !(prefix == "model." && !key.StartsWith("base_model.", StringComparison.Ordinal)) ? name[prefix.Length..] : name;
            name = sites.Copies.FirstOrDefault(pair => pair.Of == name && pair.Of.EndsWith(".bias", StringComparison.Ordinal)).Copy ?? name;
            string? suffix = Array.Find(Suffixes, end => name.EndsWith("." + end, StringComparison.Ordinal));
            // A classifier's own tensors in the file of a soft prompt lack the second prefix.
            NamedSite? site = suffix is null ? null
                : new[] { name, key.StartsWith("base_model.", StringComparison.Ordinal) ? key["base_model.".Length..] : key }
                    .SelectMany(full => modules[full[..^Math.Min(full.Length, suffix.Length + 1)]]).FirstOrDefault();
            if (site is null)
                unknown.Add(key);
            else if (Has(site, Plain(suffix!)))
                RequireSame(site, suffix!, key);
            else if (!_tensors.TryGetValue(site, out Dictionary<string, string>? group))
                _tensors[site] = new Dictionary<string, string>(StringComparer.Ordinal) { [Plain(suffix!)] = key };
            else
                group[Plain(suffix!)] = key;
        }

        if (unknown.Count > 0)
            throw new AdapterException(path, $"the model has no modules for {Some(unknown)}: the adapter is of another base, or of a kind that is not supported.");
    }

    public IReadOnlyCollection<NamedSite> Sites => _tensors.Keys;

    public bool Has(NamedSite site, string suffix) => _tensors.TryGetValue(site, out Dictionary<string, string>? group) && group.ContainsKey(suffix);

    /// <summary>The size of the first dimension of a tensor that is there.</summary>
    public long Rows(NamedSite site, string suffix) => _file.Weights[_tensors[site][suffix]].Shape is [long rows, ..] ? rows : 0;

    /// <summary>A tensor of a module.</summary>
    /// <exception cref="AdapterException">It is missing.</exception>
    public Tensor Read(NamedSite site, string suffix, ScalarType type) => Has(site, suffix)
        ? _file.Read(_tensors[site][suffix], type)
        : throw new AdapterException(_path, $"{site.Module} has no tensor {suffix}.");

    /// <summary>Refuses what is not [sizes], for all modules at once.</summary>
    public void RequireShapes(IEnumerable<(NamedSite Site, string Suffix, long[] Shape)> wanted)
    {
        List<string> wrong = [];
        foreach ((NamedSite site, string suffix, long[] shape) in wanted)
        {
            if (Has(site, suffix) && _file.Weights[_tensors[site][suffix]].Shape is var found && !found.AsSpan().SequenceEqual(shape))
                wrong.Add($"{site.Module}.{suffix} is [{string.Join(", ", found)}] and would be [{string.Join(", ", shape)}]");
        }

        if (wrong.Count > 0)
            throw new AdapterException(_path, $"tensors do not fit the model: {Some(wrong)}.");
    }

    /// <summary>Refuses modules that the configuration names and the file lacks.</summary>
    public void Require(IEnumerable<NamedSite> sites, params string[] suffixes)
    {
        string[] missing = [.. sites.Where(site => suffixes.All(suffix => !Has(site, suffix))).Select(site => site.Module)];
        if (missing.Length > 0)
            throw new AdapterException(_path, $"there are no tensors for {Some(missing)}, which the configuration names.");
    }

    // The tables of an encoder and a decoder are one here.
    private void RequireSame(NamedSite site, string suffix, string key)
    {
        using Tensor first = _file.Read(_tensors[site][Plain(suffix)]), second = _file.Read(key);
        if (!first.shape.AsSpan().SequenceEqual(second.shape) || !first.eq(second).all().IsTrue())
            throw new AdapterException(_path, $"{key} differs from {_tensors[site][Plain(suffix)]}, and the model has one table for both.");
    }

    private static string Plain(string suffix) => suffix == "lora_magnitude_vector.weight" ? "lora_magnitude_vector" : suffix;

    private static string Some(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(6)) + (names.Count > 6 ? $" and {names.Count - 6} more" : "");
}
