namespace LlmCourse.Tests.Fuzzing;

/// <summary>Something that reads files of one kind.</summary>
/// <param name="Name">How it is called on the child's command line.</param>
/// <param name="Seeds">Small valid files, all of which are accepted as they are.</param>
/// <param name="Read">Reads a file's content as far as a user would; the folder is there to put it into.</param>
internal sealed record FuzzTarget(string Name, Func<IReadOnlyList<byte[]>> Seeds, Action<string, byte[]> Read);
