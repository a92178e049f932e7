namespace LlmCourse.Evaluation.Text;

/// <summary>Small numbers for words, so that everything after tokenisation compares integers. Not thread-safe.</summary>
internal sealed class WordIds
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    public WordIds() => _bySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>How many different words there are; ids are below it.</summary>
    public int Count => _ids.Count;

    public int Of(ReadOnlySpan<char> word)
    {
        if (_bySpan.TryGetValue(word, out int id))
            return id;
        _ids.Add(word.ToString(), _ids.Count);
        return _ids.Count - 1;
    }

    /// <summary>Appends the ids of the words between blanks.</summary>
    public void AddWords(ReadOnlySpan<char> text, List<int> ids)
    {
        for (int at = 0; WhiteSpace.TryNext(text, ref at, out ReadOnlySpan<char> word);)
            ids.Add(Of(word));
    }
}
