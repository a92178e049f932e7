namespace LlmCourse.Checkpoints.Hub;

/// <summary>What the server says about a file before it sends it.</summary>
/// <param name="Path">Its path in the repository.</param>
/// <param name="ETag">The name of its content: its SHA-256 (large files), or the SHA-1 that git knows it by.</param>
/// <param name="Bytes">Its size.</param>
internal sealed record HubFile(string Path, string ETag, long Bytes);
