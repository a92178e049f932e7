using LlmCourse.Transformers;

namespace LlmCourse.Adapters;

/// <summary>What a forward pass is given so that adapters act in it. The base is a constant there.</summary>
internal static class AdapterView
{
    /// <summary>The same adapters for every row.</summary>
    public static ForwardContext Everywhere(params Adapter[] adapters) =>
        new() { FreezeBase = true, Adapter = adapters.Length == 0 ? null : RowAdapters.Everywhere(adapters) };

    /// <summary>Adapters for each row.</summary>
    public static ForwardContext OfRows(params IReadOnlyList<Adapter[]> rows) => new() { FreezeBase = true, Adapter = RowAdapters.Of(rows) };
}
