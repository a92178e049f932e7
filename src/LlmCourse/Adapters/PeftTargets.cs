using LlmCourse.Transformers;

namespace LlmCourse.Adapters;

/// <summary>Which modules a configuration of peft means, by peft's own rules: its names are the checkpoint's.</summary>
internal static class PeftTargets
{
    /// <summary>The linear maps and tables that <c>target_modules</c>, <c>exclude_modules</c>, <c>layers_to_transform</c> and <c>layers_pattern</c> choose.</summary>
    public static IEnumerable<NamedSite> Of(PeftConfig config, AdapterSites sites)
    {
        if (config.Text("target_modules") is { } pattern)
        {
            return (pattern == LoraOptions.AllLinear
                ? sites.Targets("target_modules", [pattern], null)
                : sites.All.Where(site => site.Site.Kind != SiteKind.Norm && AdapterSites.Matches(site.Module, pattern))).Where(site => !IsExcluded(site, config));
        }

        IReadOnlyList<string> targets = config.Texts("target_modules") ?? [];
        return sites.All.Where(site => site.Site.Kind != SiteKind.Norm && !IsExcluded(site, config)
            // A full name is meant whatever the layers are.
            && (targets.Contains(site.Module) || (targets.Any(site.IsModule) && IsInLayers(site, config))));
    }

    private static bool IsExcluded(NamedSite site, PeftConfig config) => config.Text("exclude_modules") is { } pattern
        ? pattern.Length > 0 && AdapterSites.Matches(site.Module, pattern)
        : (config.Texts("exclude_modules") ?? []).Any(site.IsModule);

    // The first number behind a dot counts: T5 has another one inside a layer.
    private static bool IsInLayers(NamedSite site, PeftConfig config)
    {
        if (config.Layers() is not { Count: > 0 } layers)
            return true;
        IReadOnlyList<string> named = config.Text("layers_pattern") is { Length: > 0 } one ? [one] : config.Texts("layers_pattern") ?? [];
        IEnumerable<string> patterns = named.Count == 0 ? [@".*?\.[^.]*\.(\d+)\..*"] : named.Select(pattern => $@"(?:|.*?\.){pattern}\.(\d+)\..*");
        return patterns.Select(pattern => AdapterSites.Captured(site.Module, pattern)).FirstOrDefault(layer => layer is not null) is { } found && layers.Contains(found);
    }
}
