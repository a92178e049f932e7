using System.Runtime.CompilerServices;

namespace LlmCourse.Tokenization.Text;

/// <summary>A hash table from two numbers to one, which is what merging and walking a trie spend their time on.</summary>
internal sealed class PairTable
{
    private ulong[] _keys;
    private int[] _values;
    private int _count;
    private int _shift;

    public PairTable(int expected)
    {
        int bits = 4;
        while (1 << bits < 2 * (long)expected && bits < 28)
            bits++;
        _keys = new ulong[1 << bits];
        _values = new int[1 << bits];
        _shift = 64 - bits;
    }

    /// <summary>The value, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(int first, int second)
    {
        ulong key = Key(first, second);
        ulong[] keys = _keys;
        for (int at = Slot(key); ; at = (at + 1) & (keys.Length - 1))
        {
            ulong found = keys[at];
            if (found == key)
                return _values[at];
            if (found == 0)
                return -1;
        }
    }

    /// <summary>Sets the value, over an older one too.</summary>
    public void Set(int first, int second, int value)
    {
        if (2 * (_count + 1) > _keys.Length)
            Grow();
        ulong key = Key(first, second);
        int at = Slot(key);
        while (_keys[at] != 0 && _keys[at] != key)
            at = (at + 1) & (_keys.Length - 1);
        if (_keys[at] == 0)
            _count++;
        _keys[at] = key;
        _values[at] = value;
    }

    /// <summary>Never 0, which marks an empty slot: no pair is (int.MaxValue + 1 times two).</summary>
    private static ulong Key(int first, int second) => ((ulong)(uint)first << 32 | (uint)second) + 1;

    private int Slot(ulong key) => (int)(key * 0x9E3779B97F4A7C15 >> _shift);

    private void Grow()
    {
        (ulong[] keys, int[] values) = (_keys, _values);
        _keys = new ulong[keys.Length * 2];
        _values = new int[keys.Length * 2];
        _shift--;
        _count = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i] != 0)
                Set((int)(keys[i] - 1 >> 32), (int)(keys[i] - 1), values[i]);
        }
    }
}
