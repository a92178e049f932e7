using LlmCourse.Transformers;

namespace LlmCourse.Adapters;

/// <summary>What a forward pass is given so that adapters act in it. The base is a constant there.</summary>
internal static class AdapterView
{
    /// <summary>The same adapters for every row.</summary>
    /// <exception cref="ArgumentException">The adapters cannot act together.</exception>
    public static ForwardContext Everywhere(params Adapter[] adapters) => new()
    {
        FreezeBase = true,
        Adapter = adapters.Any(adapter => adapter.Changed.Count > 0) ? RowAdapters.Everywhere(adapters) : null,
        Virtual = PromptOf(adapters) is { } prompt ? new VirtualTokens(prompt) : null,
    };

    /// <summary>Adapters for each row.</summary>
    /// <exception cref="ArgumentException">The adapters of a row cannot act together.</exception>
    public static ForwardContext OfRows(params IReadOnlyList<Adapter[]> rows) => new()
    {
        FreezeBase = true,
        Adapter = rows.Any(row => row.Any(adapter => adapter.Changed.Count > 0)) ? RowAdapters.Of(rows) : null,
        Virtual = rows.Any(row => PromptOf(row) is not null) ? new VirtualTokens(rows.Select(PromptOf)) : null,
    };

    private static SoftPrompt? PromptOf(Adapter[] adapters) => adapters.Count(adapter => adapter.Prompt is not null) <= 1
        ? Array.Find(adapters, adapter => adapter.Prompt is not null)?.Prompt
        : throw new ArgumentException($"Only one soft prompt can stand in front of a text, found {string.Join(", ", adapters.Where(adapter => adapter.Prompt is not null).Select(adapter => adapter.Name))}.");
}
