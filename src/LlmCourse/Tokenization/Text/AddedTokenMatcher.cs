using System.Buffers;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Text;

/// <summary>What the matcher knows of an added token.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">The text to look for.</param>
/// <param name="IsSingleWord">Whether word characters beside it forbid the match.</param>
/// <param name="TakesLeft">Whether it swallows white space on its left.</param>
/// <param name="TakesRight">Whether it swallows white space on its right.</param>
internal sealed record AddedEntry(int Id, string Text, bool IsSingleWord, bool TakesLeft, bool TakesRight);

/// <summary>Finds added tokens in a text: the leftmost, of those the longest, and what they overlap is not looked at again.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly PieceTrie _trie;
    private readonly Dictionary<int, AddedEntry> _entries = [];
    private readonly SearchValues<char> _firsts;

    public AddedTokenMatcher(IEnumerable<AddedEntry> entries)
    {
        Dictionary<string, int> pieces = new(StringComparer.Ordinal);
        foreach (AddedEntry entry in entries.Where(entry => entry.Text.Length > 0))
        {
            pieces[entry.Text] = entry.Id;
            _entries[entry.Id] = entry;
        }

        _trie = new(pieces);
        _firsts = SearchValues.Create([.. pieces.Keys.Select(piece => piece[0]).Distinct()]);
    }

    public bool IsEmpty => _entries.Count == 0;

    /// <summary>Adds the text's ranges in order, with the id of an added token or -1.</summary>
    public void Split(ReadOnlySpan<char> text, List<(int Start, int End, int Id)> ranges)
    {
        int covered = 0;
        for (int at = NextFirst(text, 0); at >= 0;)
        {
            AddedEntry? entry = Longest(text, at);
            if (entry is null)
            {
                at = NextFirst(text, at + 1);
                continue;
            }

            int start = at, end = at + entry.Text.Length;
            at = NextFirst(text, end);
            if (entry.IsSingleWord && (EndsWithWord(text[..start]) || BeginsWithWord(text[end..])))
                continue;
            while (entry.TakesLeft && start > covered && CodePointClasses.Space.Contains(text[start - 1]))
                start--;
            if (entry.TakesLeft)
                start = Math.Max(start, covered);
            while (entry.TakesRight && end < text.Length && CodePointClasses.Space.Contains(text[end]))
                end++;
            if (start == end)
                continue; // white space that the token before it has swallowed
            if (start > end)
                throw new TokenizerException($"added_tokens: '{entry.Text}' takes the white space on its left (lstrip), but stands in what another has taken on its right (rstrip).");
            if (covered < start)
                ranges.Add((covered, start, -1));
            ranges.Add((start, end, entry.Id));
            covered = end;
        }

        if (covered < text.Length)
            ranges.Add((covered, text.Length, -1));
    }

    private int NextFirst(ReadOnlySpan<char> text, int from)
    {
        if (from >= text.Length)
            return -1;
        int at = text[from..].IndexOfAny(_firsts);
        return at < 0 ? -1 : from + at;
    }

    private AddedEntry? Longest(ReadOnlySpan<char> text, int at)
    {
        int found = -1;
        for (int node = PieceTrie.Root; at < text.Length; at++)
        {
            node = _trie.Step(node, text[at]);
            if (node < 0)
                break;
            if (_trie.IdAt(node) >= 0)
                found = _trie.IdAt(node);
        }

        return found < 0 ? null : _entries[found];
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        text.Length > 0 && CodePointClasses.Word.Contains(CodePoints.Before(text, text.Length));

    private static bool BeginsWithWord(ReadOnlySpan<char> text) =>
        text.Length > 0 && CodePointClasses.Word.Contains(CodePoints.At(text, 0));
}
