namespace LlmCourse.Evaluation.Text;

/// <summary>
/// Clipped n-gram matches, which ROUGE-N, BLEU and chrF are made of: an n-gram counts as often as it stands in both texts;
/// among several references, the one that has it most often.
/// </summary>
internal sealed class NGramMatcher(int maxOrder)
{
    private readonly GramIndex _index = new();
    private Entry[] _entries = new Entry[256];
    private int[] _grams = [];
    private int _reference;

    public int MaxOrder => maxOrder;

    /// <summary>How many n-grams a text of this length has.</summary>
    public static int Total(int tokens, int order) => Math.Max(0, tokens - order + 1);

    /// <summary>Forgets the references.</summary>
    public void Clear()
    {
        _index.Clear();
        _reference = 0;
    }

    public void AddReference(ReadOnlySpan<int> tokens)
    {
        _reference++;
        Span<int> grams = Grams(tokens.Length);
        for (int order = 1; order <= Math.Min(maxOrder, tokens.Length); order++)
        {
            for (int i = 0; i <= tokens.Length - order; i++)
                grams[i] = Count(grams[i], tokens[i + order - 1]);
        }
    }

    /// <summary>Adds the matches of each order to <paramref name="matches"/>. Uses the references up: clear before the next text.</summary>
    public void Match(ReadOnlySpan<int> tokens, Span<int> matches)
    {
        Span<int> grams = Grams(tokens.Length);
        for (int order = 1; order <= Math.Min(maxOrder, tokens.Length); order++)
        {
            int found = 0;
            for (int i = 0; i <= tokens.Length - order; i++)
            {
                // An n-gram can only be there if its beginning is.
                int gram = grams[i] == GramIndex.None ? GramIndex.None : _index.Find(grams[i], tokens[i + order - 1]);
                grams[i] = gram;
                if (gram != GramIndex.None && _entries[gram].Most > 0)
                {
                    _entries[gram].Most--;
                    found++;
                }
            }

            matches[order - 1] += found;
            if (found == 0)
                return;
        }
    }

    private Span<int> Grams(int length)
    {
        if (_grams.Length < length)
            _grams = new int[Math.Max(64, length)];
        Span<int> grams = _grams.AsSpan(0, length);
        grams.Fill(GramIndex.Empty);
        return grams;
    }

    private int Count(int start, int token)
    {
        int known = _index.Count, gram = _index.GetOrAdd(start, token);
        if (gram >= _entries.Length)
            Array.Resize(ref _entries, _entries.Length * 2);
        ref Entry entry = ref _entries[gram];
        if (gram == known)
            entry = default;
        if (entry.Reference != _reference)
        {
            entry.Reference = _reference;
            entry.Here = 0;
        }

        entry.Most = Math.Max(entry.Most, ++entry.Here);
        return gram;
    }

    private struct Entry
    {
        public int Reference;
        public int Here;
        public int Most;
    }
}
