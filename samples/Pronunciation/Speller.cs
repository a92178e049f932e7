using System.Text.Json;

namespace Pronunciation;

/// <summary>
/// The published model: its folder, and the two alphabets that its configuration has instead of a tokenizer. Letters are read
/// with the one, sounds are written with the other.
/// </summary>
/// <param name="Folder">Where it is.</param>
/// <param name="Letters">Of words.</param>
/// <param name="Sounds">Of pronunciations.</param>
/// <param name="Vocabulary">How many ids the network has.</param>
internal sealed record Speller(string Folder, Alphabet Letters, Alphabet Sounds, int Vocabulary)
{
    /// <summary>May stand before a word to say that it is to be said in British. No word has it, and the network has an id left for it.</summary>
    public const string BritishMark = "£";

    // The longest pronunciation of either accent has 53 sounds; the network has 64 places.
    private const int MostSounds = 60;

    private const int RowsAtOnce = 500;

    /// <exception cref="FormatException">The folder has no such configuration.</exception>
    public static Speller Open(string folder)
    {
        string path = Path.Combine(folder, "config.json");
        if (!File.Exists(path))
            throw new FormatException($"There is no {path}.");
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(path));
        int vocabulary = Property("vocab_size").GetInt32();
        Alphabet letters = new Alphabet(Text("grapheme_chars")).With(BritishMark, vocabulary);
        return letters.Covers(BritishMark)
            ? new Speller(folder, letters, new(Text("phoneme_chars")), vocabulary)
            : throw new FormatException($"{path}: vocab_size {vocabulary} leaves no id for the mark of an accent.");

        string Text(string name) => Property(name).GetString()!;

        JsonElement Property(string name) => config.RootElement.TryGetProperty(name, out JsonElement value)
            ? value
            : throw new FormatException($"{path} has no {name}: it is not a model that turns letters into sounds.");
    }

    /// <summary>As it was published.</summary>
    public Llm Load() => Llm.Load(Folder, Options);

    /// <summary>The same network with random weights.</summary>
    public Llm FromScratch(long seed) => Llm.FromConfig(Folder, seed, Options);

    /// <summary>What a model makes of words, greedily.</summary>
    public static string[] Say(Llm llm, IEnumerable<string> words) => [.. words.Chunk(RowsAtOnce).SelectMany(chunk => Answers(llm, chunk))];

    /// <summary>What a model makes of words without and with an adapter, in batches in which each word stands twice.</summary>
    public static (string[] Without, string[] With) SayBoth(Llm llm, string adapter, IEnumerable<string> words)
    {
        (List<string> without, List<string> with) = ([], []);
        foreach (string[] chunk in words.Chunk(RowsAtOnce / 2))
        {
            string?[] rows = [.. Enumerable.Repeat<string?>(null, chunk.Length), .. Enumerable.Repeat(adapter, chunk.Length)];
            string[] said = [.. Answers(llm.WithRows(rows), [.. chunk, .. chunk])];
            without.AddRange(said[..chunk.Length]);
            with.AddRange(said[chunk.Length..]);
        }

        return ([.. without], [.. with]);
    }

    private static IEnumerable<string> Answers(Llm llm, string[] words) =>
        llm.Generate(words, new() { DoSample = false, MaxNewTokens = MostSounds }).Select(answer => answer.Text);

    private LoadOptions Options => new() { Tokenizer = Letters.Tokenizer, AnswerTokenizer = Sounds.Tokenizer };
}
