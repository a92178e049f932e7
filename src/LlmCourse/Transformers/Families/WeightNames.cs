using System.Text.RegularExpressions;

namespace LlmCourse.Transformers.Families;

/// <summary>The names of one model's tensors, ours and the checkpoint's, with the layers filled in.</summary>
internal sealed class WeightNames
{
    private readonly Family _family;
    private readonly Dictionary<string, ModuleName> _modules = new(StringComparer.Ordinal);
    private readonly List<Regex> _leftovers;
    private readonly string[] _tableCopies;

    public WeightNames(Family family, TransformerConfig config)
    {
        _family = family;
        foreach (ModuleName module in family.Modules(config))
        {
            int layers = !module.Ours.Contains("{i}", StringComparison.Ordinal) ? 1
                : (module.Ours.StartsWith("encoder.", StringComparison.Ordinal) ? config.Encoder : config.Decoder)?.OwnLayers ?? 0;
            for (int i = 0; i < layers; i++)
            {
                string layer = i.ToString(System.Globalization.CultureInfo.InvariantCulture);
                string ours = module.Ours.Replace("{i}", layer, StringComparison.Ordinal);
                _modules[ours] = module with
                {
                    Ours = ours,
                    Theirs = module.Theirs.Replace("{i}", layer, StringComparison.Ordinal),
                    Stored = module.Stored?.Replace("{i}", layer, StringComparison.Ordinal),
                };
            }
        }

        _leftovers = [.. family.Leftovers.Concat(family.TableCopies).Select(Pattern)];
        TensorName? head = _modules.ContainsKey("head.output") && !config.Head.Tied ? Of("head.output.weight") : null;
        _tableCopies = [.. family.TableCopies.Where(copy => copy != head?.Name && copy != head?.Stored)];
    }

    /// <summary>The checkpoint's name of one of our tensors.</summary>
    public TensorName Of(string ours)
    {
        if (_modules.TryGetValue(ours, out ModuleName? tensor) && tensor.IsTensor)
            return new TensorName(tensor.Theirs, Transposed: false);
        int dot = ours.LastIndexOf('.');
        if (!_modules.TryGetValue(ours[..dot], out ModuleName? module) || module.IsTensor)
            throw new InvalidOperationException($"The family {_family.ModelTypes[0]} has no name for {ours}.");
        string kind = ours[dot..];
        return new TensorName(module.Theirs + kind, module.Transposed && kind == ".weight") { Stored = (module.Stored ?? module.Theirs) + kind };
    }

    /// <summary>What the checkpoint calls one of our modules, such as an adapter's site, or null where it has no such module.</summary>
    public ModuleName? FindModule(string ours) => _modules.TryGetValue(ours, out ModuleName? module) && !module.IsTensor ? module : null;

    /// <summary>The names one of our tensors may have in a file, best first.</summary>
    public IEnumerable<string> InFile(string ours)
    {
        TensorName theirs = Of(ours);
        return new[] { theirs.Stored, theirs.Name }.Concat(ours == "embeddings.tokens.weight" ? _tableCopies : []).SelectMany(Candidates);
    }

    /// <summary>The same for a name of the checkpoint: a base model's file has no prefix, old files say gamma and beta.</summary>
    public IEnumerable<string> Candidates(string theirs)
    {
        foreach (string name in new[] { theirs, WithoutPrefix(theirs) }.Distinct())
        {
            yield return name;
            if (name.EndsWith("LayerNorm.weight", StringComparison.Ordinal))
                yield return name[..^"weight".Length] + "gamma";
            if (name.EndsWith("LayerNorm.bias", StringComparison.Ordinal))
                yield return name[..^"bias".Length] + "beta";
        }
    }

    /// <summary>The name a base model's file has: without the prefix of models with a head.</summary>
    public string WithoutPrefix(string theirs) =>
        _family.BasePrefix.Length > 0 && theirs.StartsWith(_family.BasePrefix, StringComparison.Ordinal) ? theirs[_family.BasePrefix.Length..] : theirs;

    /// <summary>Whether a name has the prefix that a base model's tensors have beside a head.</summary>
    public bool HasPrefix(string theirs) => _family.BasePrefix.Length > 0 && theirs.StartsWith(_family.BasePrefix, StringComparison.Ordinal);

    /// <summary>Whether a tensor may stand in a file without meaning.</summary>
    public bool IsLeftover(string theirs) =>
        _leftovers.Exists(pattern => pattern.IsMatch(theirs) || pattern.IsMatch(_family.BasePrefix + theirs));

    private static Regex Pattern(string leftover)
    {
        string pattern = Regex.Escape(leftover).Replace(@"\*", "[0-9]+", StringComparison.Ordinal);
        return new Regex($"^{pattern}{(leftover.EndsWith('.') ? "" : "$")}", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
    }

    /// <summary>A tensor in a checkpoint: its name, and whether it is stored as [input, output].</summary>
    internal sealed record TensorName(string Name, bool Transposed)
    {
        /// <summary>Its name in files, which may be an older one.</summary>
        public string Stored { get; init; } = Name;
    }
}
