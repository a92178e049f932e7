using LlmCourse.Transformers;

namespace LlmCourse.Encoders;

/// <summary>What a head's labels are called.</summary>
internal static class LabelNames
{
    /// <summary>The names of the configuration, or LABEL_0, LABEL_1, … where it has none.</summary>
    public static IReadOnlyList<string> Of(HeadConfig head) =>
        head.LabelNames.Count == head.Labels ? head.LabelNames : [.. Enumerable.Range(0, head.Labels).Select(label => $"LABEL_{label}")];
}
