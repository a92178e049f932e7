using System.Text.RegularExpressions;
using LlmCourse.Checkpoints;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;

namespace LlmCourse.Adapters;

/// <summary>The modules of a model where adapters may act, and how options choose among them.</summary>
internal sealed partial class AdapterSites
{
    /// <param name="model">The model.</param>
    /// <param name="names">The checkpoint's names, or null where there is none.</param>
    public AdapterSites(TransformerModel model, WeightNames? names)
    {
        All = [.. model.Sites.Select(site => names?.FindModule(site.Name) is { } module ? new NamedSite(site, module.Theirs, module.Transposed) : new NamedSite(site, site.Name, false))];
        Copies = names?.Copies ?? [];
    }

    public IReadOnlyList<NamedSite> All { get; }

    /// <summary>Pairs of tensors of the checkpoint that are one in the model.</summary>
    public IReadOnlyList<(string Copy, string Of)> Copies { get; }

    /// <summary>Linear maps and tables by the ends of their names, by a pattern, or by the default ends that a method has.</summary>
    public IReadOnlyList<NamedSite> Targets(string property, IReadOnlyList<string>? targets, string? pattern, params string[] defaults)
    {
        NamedSite[] possible = [.. All.Where(site => site.Site.Kind != SiteKind.Norm)];
        if (pattern is not null)
        {
            Regex regex = Whole(property, pattern);
            NamedSite[] matched = [.. possible.Where(site => regex.IsMatch(site.Module) || regex.IsMatch(site.Site.Name))];
            return matched.Length > 0 ? matched : throw NothingCalled(property, pattern, possible);
        }

        if (targets is null)
        {
            NamedSite[] usual = [.. possible.Where(site => defaults.Any(site.IsCalled))];
            return usual.Length > 0 ? usual : throw new ArgumentException($"{property}: the model has none of {string.Join(", ", defaults)}; name its modules.");
        }

        if (targets is [LoraOptions.AllLinear])
            return [.. possible.Where(site => site.Site.Kind == SiteKind.Linear && !site.IsOutput)];
        HashSet<NamedSite> chosen = [];
        foreach (string target in targets)
        {
            NamedSite[] called = [.. possible.Where(site => site.IsCalled(target))];
            if (called.Length == 0)
                throw NothingCalled(property, target, possible);
            chosen.UnionWith(called);
        }

        return [.. possible.Where(chosen.Contains)];
    }

    /// <summary>The sites of some layers.</summary>
    public IReadOnlyList<NamedSite> OfLayers(string property, IReadOnlyList<NamedSite> sites, IReadOnlyList<int>? layers)
    {
        if (layers is null)
            return sites;
        int?[] known = [.. All.Select(LayerOf)];
        foreach (int layer in layers)
        {
            if (!known.Contains(layer))
                throw new ArgumentException($"{property} names layer {layer}; the model has 0 to {known.Max()}.");
        }

        NamedSite[] left = [.. sites.Where(site => LayerOf(site) is { } layer && layers.Contains(layer))];
        return left.Length > 0 ? left : throw new ArgumentException($"{property}: none of the modules is in layers {string.Join(", ", layers)}.");
    }

    /// <summary>
    /// The modules that are trained in full: those whose checkpoint name, or that of a module around them, ends as peft's
    /// <c>modules_to_save</c> does, or whose name here does; a classifier's head always.
    /// </summary>
    public IReadOnlyList<NamedSite> Trained(string property, IReadOnlyList<string> modules, bool classifier)
    {
        HashSet<NamedSite> chosen = classifier ? [.. All.Where(site => site.Site.Name.StartsWith("head.", StringComparison.Ordinal))] : [];
        foreach (string module in modules)
        {
            NamedSite[] called = [.. Ending(module)];
            if (called.Length == 0)
                throw NothingCalled(property, module, All);
            chosen.UnionWith(called);
        }

        return [.. All.Where(chosen.Contains)];
    }

    /// <summary>The modules of a classifier's head; none of other models.</summary>
    public IReadOnlyList<NamedSite> Head(TransformerModel model) => model.IsClassifier ? Trained("", [], classifier: true) : [];

    /// <summary>The modules whose name, or that of a module around them, ends like this.</summary>
    public IEnumerable<NamedSite> Ending(string module) =>
        All.Where(site => Around(site.Module).Concat(Around(site.Site.Name)).Any(name => name.EndsWith(module, StringComparison.Ordinal)));

    /// <summary>Whether the whole of a name matches a regular expression.</summary>
    public static bool Matches(string name, string pattern) => Whole("target_modules", pattern).IsMatch(name);

    /// <summary>The number that the first group of a regular expression captures in a name, or null.</summary>
    public static int? Captured(string name, string pattern) =>
        Whole("layers_pattern", pattern).Match(name) is { Success: true } match && int.TryParse(match.Groups[1].Value, out int number) ? number : null;

    /// <summary>The value of the first pattern that fits a site, as peft reads them: the end of the name, or a regular expression for it.</summary>
    public static T Fitting<T>(string property, NamedSite site, IReadOnlyDictionary<string, T> patterns, T otherwise)
    {
        foreach ((string pattern, T value) in patterns)
        {
            if (Fits(property, site, pattern))
                return value;
        }

        return otherwise;
    }

    /// <summary>Refuses patterns that fit none of the sites.</summary>
    public static void RequireFitting(string property, IReadOnlyList<NamedSite> sites, IEnumerable<string> patterns)
    {
        foreach (string pattern in patterns)
        {
            if (!sites.Any(site => Fits(property, site, pattern)))
                throw NothingCalled(property, pattern, sites);
        }
    }

    private static bool Fits(string property, NamedSite site, string pattern)
    {
        Regex regex = Whole(property, $@"(.*\.)?({pattern})");
        return regex.IsMatch(site.Module) || regex.IsMatch(site.Site.Name);
    }

    private static int? LayerOf(NamedSite site) =>
        Layer().Match(site.Site.Name) is { Success: true } match ? int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : null;

    // a.b.c, a.b, a
    private static IEnumerable<string> Around(string name)
    {
        for (string around = name; ; around = around[..around.LastIndexOf('.')])
        {
            yield return around;
            if (!around.Contains('.', StringComparison.Ordinal))
                yield break;
        }
    }

    private static Regex Whole(string property, string pattern)
    {
        try
        {
            return new Regex($"^(?:{pattern})$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (ArgumentException error)
        {
            throw new ArgumentException($"{property}: '{pattern}' is not a regular expression: {error.Message}", error);
        }
    }

    private static ArgumentException NothingCalled(string property, string name, IReadOnlyList<NamedSite> sites)
    {
        NamedSite? fused = name is "q" or "k" or "v" ? sites.FirstOrDefault(site => site.IsCalled("qkv")) : null;
        string[] ends = [.. sites.Select(site => site.Site.Name.Split('.')[^1]).Distinct().Take(12)];
        string[] theirs = [.. sites.Select(site => site.Module.Split('.')[^1]).Distinct().Take(12)];
        return new ArgumentException(fused is not null
            ? $"{property}: this model has q, k and v in one module, 'qkv' ({fused.Module}); '{name}' alone cannot be addressed."
            : $"{property}: no module is called '{name}'. There are {string.Join(", ", ends)} (in the checkpoint {string.Join(", ", theirs)}).");
    }

    [GeneratedRegex(@"^(?:encoder|decoder)\.(\d+)\.")]
    private static partial Regex Layer();
}
