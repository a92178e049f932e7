namespace Pronunciation;

/// <summary>
/// Both accents, split by word: a word that is held out is held out in both, so that no accent gives away the other.
/// </summary>
/// <param name="American">What the published model speaks.</param>
/// <param name="British">What it is to learn.</param>
/// <param name="Golden">The list that came with the model; held out too.</param>
/// <param name="Speller">The model, with the sounds of both accents.</param>
/// <param name="Notes">What was left out, and why.</param>
internal sealed record Lexicons(Lexicon American, Lexicon British, IReadOnlyList<GoldenWord> Golden, Speller Speller, IReadOnlyList<string> Notes)
{
    private const int Watched = 500;

    public static Lexicons Read(Speller published, string folder, int heldOut, int seed)
    {
        List<string> notes = [];
        Example[] american = Lexicon.Read(folder, "us.tsv.gz", "American"), british = Lexicon.Read(folder, "gb.tsv.gz", "British");
        Speller speller = WithAllSounds(published, british, notes);
        american = Known(american, speller, "American", notes);
        british = Known(british, speller, "British", notes);
        IReadOnlyList<GoldenWord> golden = GoldenWord.Read(speller.Folder);

        HashSet<string> goldenWords = [.. golden.Select(word => word.Word)];
        Dictionary<string, Example> britishByWord = british.ToDictionary(example => example.Prompt);
        Split split = Split.Of(
            american.Where(example => britishByWord.ContainsKey(example.Prompt) && !goldenWords.Contains(example.Prompt)),
            new() { TestCount = heldOut, ValidationCount = Watched, Seed = seed, GroupBy = example => example.Prompt.ToLowerInvariant() });
        Example[] apart = [.. split.Test, .. split.Validation, .. golden.Select(word => new Example(word.Word, word.Lexicon))];
        return new Lexicons(
            new Lexicon("American", Train(american, "American"), split.Validation, split.Test),
            new Lexicon("British", Train(british, "British"), InBritish(split.Validation), InBritish(split.Test)),
            golden, speller, notes);

        IReadOnlyList<Example> Train(Example[] all, string accent)
        {
            Duplicates duplicates = Duplicates.Between(all, apart);
            notes.Add($"{accent}: {duplicates.Kept.Count:N0} pairs to train on; left out are the {duplicates.Exact:N0} held-out words themselves and {duplicates.Normalised:N0} that differ from one by case or punctuation only.");
            Duplicates left = Duplicates.Between(duplicates.Kept, apart);
            if (left.Pairs.Count > 0)
                throw new InvalidOperationException($"Held-out words are trained on: {left}");
            return duplicates.Kept;
        }

        Example[] InBritish(IEnumerable<Example> examples) => [.. examples.Select(example => britishByWord[example.Prompt])];
    }

    /// <summary>Which held-out words the British say differently, by their places.</summary>
    public IReadOnlyList<int> Differing() =>
        [.. Enumerable.Range(0, American.HeldOut.Count).Where(i => American.HeldOut[i].Completion != British.HeldOut[i].Completion)];

    // Ids behind the published alphabet's end are in the network and were never written: room for the sounds of the new accent.
    private static Speller WithAllSounds(Speller speller, Example[] british, List<string> notes)
    {
        char[] added = [.. british.SelectMany(example => example.Completion).Where(sound => !speller.Sounds.Covers(sound.ToString())).CountBy(sound => sound).OrderByDescending(sound => sound.Value).Select(sound => sound.Key)];
        int affected = british.Count(example => !speller.Sounds.Covers(example.Completion));
        notes.Add($"The published model cannot write {added.Length} of the British sounds ({string.Join(' ', added)}), and {affected:N0} of {british.Length:N0} British pronunciations have one. They get ids which its alphabet leaves free.");
        return speller with { Sounds = speller.Sounds.With(added, speller.Vocabulary) };
    }

    private static Example[] Known(Example[] all, Speller speller, string accent, List<string> notes)
    {
        Example[] known = [.. all.Where(example => speller.Letters.Covers(example.Prompt) && speller.Sounds.Covers(example.Completion))];
        notes.Add($"{accent}: {all.Length - known.Length:N0} of {all.Length:N0} pairs have a character that no id is left for; they are left out.");
        return known;
    }
}
