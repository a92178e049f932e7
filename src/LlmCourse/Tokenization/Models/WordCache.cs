using System.Runtime.InteropServices;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Models;

/// <summary>
/// Remembers the tokens of words seen before. Its size is fixed: a word takes the place of another with the same hash.
/// Threads may use it at once, because an entry is immutable and is written as one reference.
/// </summary>
internal sealed class WordCache
{
    private const int Size = 1 << 15;
    private const int MaxWord = 64;

    private readonly Entry?[] _entries = new Entry?[Size];

    private sealed record Entry(string Word, PieceToken[] Tokens);

    public bool TryAdd(ReadOnlySpan<char> word, List<PieceToken> tokens)
    {
        if (word.Length > MaxWord || _entries[Slot(word)] is not Entry entry || !word.SequenceEqual(entry.Word))
            return false;
        tokens.AddRange(entry.Tokens.AsSpan());
        return true;
    }

    /// <summary>Remembers that a word's tokens are those from a position of the list.</summary>
    public void Remember(ReadOnlySpan<char> word, List<PieceToken> tokens, int first)
    {
        if (word.Length <= MaxWord)
            _entries[Slot(word)] = new(word.ToString(), CollectionsMarshal.AsSpan(tokens)[first..].ToArray());
    }

    private static int Slot(ReadOnlySpan<char> word)
    {
        uint hash = (uint)word.Length;
        foreach (char c in word)
            hash = (hash ^ c) * 0x9E3779B1;
        return (int)(hash >> 17);
    }
}
