namespace LlmCourse.Evaluation.Text;

/// <summary>
/// Small numbers for n-grams: an n-gram is its first n − 1 tokens, by their own number, and one more. A hash table that is
/// emptied without being touched.
/// </summary>
internal sealed class GramIndex
{
    /// <summary>The number of the empty n-gram, which every unigram continues.</summary>
    public const int Empty = -1;

    /// <summary>What <see cref="Find"/> gives for an n-gram that is not there.</summary>
    public const int None = -2;

    private Slot[] _slots = new Slot[256];
    private int _round = 1;

    public int Count { get; private set; }

    public void Clear()
    {
        Count = 0;
        if (++_round != int.MaxValue)
            return;
        Array.Clear(_slots);
        _round = 1;
    }

    public int Find(int start, int token)
    {
        ref Slot slot = ref At(start, token);
        return slot.Round == _round ? slot.Number : None;
    }

    public int GetOrAdd(int start, int token)
    {
        ref Slot slot = ref At(start, token);
        if (slot.Round == _round)
            return slot.Number;
        slot = new Slot(Key(start, token), _round, Count++);
        int number = slot.Number;
        if (Count * 2 > _slots.Length)
            Grow();
        return number;
    }

    private static ulong Key(int start, int token) => ((ulong)(uint)start << 32) | (uint)token;

    /// <summary>The slot of an n-gram, or the free one where it belongs.</summary>
    private ref Slot At(int start, int token)
    {
        ulong key = Key(start, token), hash = key * 0x9E3779B97F4A7C15;
        int mask = _slots.Length - 1;
        for (int at = (int)(hash >> 32) & mask; ; at = (at + 1) & mask)
        {
            ref Slot slot = ref _slots[at];
            if (slot.Round != _round || slot.Key == key)
                return ref slot;
        }
    }

    private void Grow()
    {
        Slot[] old = _slots;
        _slots = new Slot[checked(old.Length * 2)];
        foreach (Slot slot in old)
        {
            if (slot.Round == _round)
                At((int)(slot.Key >> 32), (int)slot.Key) = slot;
        }
    }

    private readonly record struct Slot(ulong Key, int Round, int Number);
}
