using System.Text.RegularExpressions;

namespace LlmCourse.Transformers.Families;

/// <summary>The names of one model's tensors, ours and the checkpoint's, with the layers filled in.</summary>
internal sealed class WeightNames
{
    /// <summary>The token table and the output matrix, which may be one.</summary>
    public const string Table = "embeddings.tokens.weight", Output = "head.output.weight";

    private readonly Family _family;
    private readonly Dictionary<string, ModuleName> _modules = new(StringComparer.Ordinal);
    private readonly List<Regex> _leftovers;
    private readonly List<(string Copy, string Of)> _copies;

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

        _leftovers = [.. family.Leftovers.Select(Pattern)];
        _copies = [.. family.Copies];
        if (config.Head is { Tied: true, Kind: HeadKind.LanguageModel or HeadKind.MaskedLanguageModel } && Of(Table) is var table && Of(Output) is var output)
            _copies.AddRange(new[] { output.Stored, output.Name }.Distinct().Select(copy => (copy, table.Name)));
    }

    /// <summary>Pairs of tensors of which the first, if it is there, is a copy of the second.</summary>
    public IReadOnlyList<(string Copy, string Of)> Copies => _copies;

    /// <summary>Where a tensor may be found in a file, best first: under its own name, an older one, or as a copy.</summary>
    public string? Find(TensorName tensor, Func<string, bool> isThere)
    {
        IEnumerable<string> others = _copies.Where(pair => pair.Of == tensor.Name).Select(pair => pair.Copy)
            .Concat(_copies.Where(pair => pair.Copy == tensor.Name).Select(pair => pair.Of));
        return new[] { tensor.Stored, tensor.Name }.Concat(others).SelectMany(Candidates).FirstOrDefault(isThere);
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

    /// <summary>The names a tensor of the checkpoint may have in a file, best first: a base model's file has no prefix, old files say gamma and beta.</summary>
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
        _leftovers.Exists(pattern => pattern.IsMatch(theirs) || pattern.IsMatch(_family.BasePrefix + theirs))
        || _copies.Exists(pair => Candidates(pair.Copy).Contains(theirs));

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
