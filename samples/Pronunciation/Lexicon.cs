namespace Pronunciation;

/// <summary>The words of one accent: what to train on, what to watch meanwhile, what to be examined on.</summary>
/// <param name="Name">The accent.</param>
/// <param name="Train">Words that are in no other part of either accent.</param>
/// <param name="Watch">The same words in both accents.</param>
/// <param name="HeldOut">The same words in both accents, in the same order.</param>
internal sealed record Lexicon(string Name, IReadOnlyList<Example> Train, IReadOnlyList<Example> Watch, IReadOnlyList<Example> HeldOut)
{
    public static Example[] Read(string folder, string file, string accent)
    {
        ExampleTemplate template = new() { Name = "a word and its sounds", Task = accent, Prompt = new("{word}"), Completion = new("{sounds}") };
        string path = Path.Combine(folder, file);
        return File.Exists(path)
            ? [.. Examples.FromCsv(path, new() { Columns = ["word", "sounds"] }).Select(template.Fill)]
            : throw new FormatException($"There is no {path}.");
    }
}
