using System.Text.Json;

namespace Pronunciation;

/// <summary>A word of the list that came with the model.</summary>
/// <param name="Word">The word.</param>
/// <param name="Lexicon">What the lexicon says.</param>
/// <param name="Text">What the published model says, by another implementation.</param>
internal sealed record GoldenWord(string Word, string Lexicon, string Text)
{
    /// <summary>The list, or nothing where there is none.</summary>
    public static IReadOnlyList<GoldenWord> Read(string folder)
    {
        string path = Path.Combine(folder, "golden", "words.json");
        if (!File.Exists(path))
            return [];
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(path));
        return [.. golden.RootElement.GetProperty("rows").EnumerateArray().Select(row => new GoldenWord(Text(row, "word"), Text(row, "lexicon"), Text(row, "text")))];

        static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;
    }
}
