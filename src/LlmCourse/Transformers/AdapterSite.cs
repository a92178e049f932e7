namespace LlmCourse.Transformers;

/// <summary>A linear map of the model where an adapter may act: its name and its sizes.</summary>
/// <param name="Name">The canonical name, such as <c>decoder.0.self.q</c>.</param>
/// <param name="Input">The size of its input.</param>
/// <param name="Output">The size of its output.</param>
internal sealed record AdapterSite(string Name, long Input, long Output);
