namespace Pronunciation;

/// <summary>A way to learn British.</summary>
/// <param name="Replay">The share of American words among the British.</param>
/// <param name="Marked">Whether a mark before the word says that British is wanted. Without it the two tasks look the same to the model, and contradict each other.</param>
internal sealed record Course(double Replay, bool Marked)
{
    public string Name => (Replay == 0 ? "British only" : $"{Replay:P0} American") + (Marked ? ", marked" : "");

    public string FolderName => (Replay == 0 ? "british" : $"british-{Replay:0.00}-american") + (Marked ? "-marked" : "");

    /// <summary>Each share without the mark, and, where something is replayed, with it.</summary>
    public static IReadOnlyList<Course> Of(IEnumerable<double> shares) =>
        [.. shares.SelectMany(share => share == 0 ? (Course[])[new(share, false)] : [new(share, false), new(share, true)])];

    /// <summary>What is read, without end: a mixture in proportion to the sizes, of as many American words as make the share.</summary>
    public IEnumerable<Example> Words(Lexicons words, int seed)
    {
        IReadOnlyList<Example> british = Marked ? Accents.Marked(words.British.Train) : words.British.Train;
        if (Replay == 0)
            return Stream(new() { [words.British.Name] = british }, seed);
        int count = (int)(Replay / (1 - Replay) * british.Count);
        Example[] american = [.. Stream(new() { [words.American.Name] = words.American.Train }, seed).Take(count)];
        return Stream(new() { [words.British.Name] = british, [words.American.Name] = american }, seed);
    }

    private static IEnumerable<Example> Stream(Dictionary<string, IReadOnlyList<Example>> tasks, int seed) => new Mixture(tasks, new() { Seed = seed }).From();
}
