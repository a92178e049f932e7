namespace LlmCourse.Transformers;

/// <summary>A module of the model where an adapter may act: its name and its sizes.</summary>
/// <param name="Name">The canonical name, such as <c>decoder.0.self.q</c>.</param>
/// <param name="Kind">What it computes.</param>
/// <param name="Input">The size of its input; of a table the number of rows.</param>
/// <param name="Output">The size of its output.</param>
internal sealed record AdapterSite(string Name, SiteKind Kind, long Input, long Output);
