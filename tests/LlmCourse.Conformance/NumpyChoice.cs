namespace LlmCourse.Conformance;

/// <summary>
/// The draws of NumPy's <c>RandomState(seed).choice(n, n)</c>: MT19937 (Matsumoto and Nishimura, 1998), each draw masked to the
/// bits that n − 1 needs and repeated until it is in range.
/// </summary>
internal sealed class NumpyChoice
{
    private const int Size = 624;
    private const int Shift = 397;

    private readonly uint[] _state = new uint[Size];
    private int _at = Size;

    public NumpyChoice(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < Size; i++)
            _state[i] = (1812433253 * (_state[i - 1] ^ (_state[i - 1] >> 30))) + i;
    }

    public int[] Draw(int n)
    {
        uint mask = uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount((uint)n - 1);
        int[] drawn = new int[n];
        for (int i = 0; i < n; i++)
        {
            do
                drawn[i] = (int)(Next() & mask);
            while (drawn[i] >= n);
        }

        return drawn;
    }

    private uint Next()
    {
        if (_at == Size)
        {
            for (int i = 0; i < Size; i++)
            {
                uint bits = (_state[i] & 0x80000000) | (_state[(i + 1) % Size] & 0x7FFFFFFF);
                _state[i] = _state[(i + Shift) % Size] ^ (bits >> 1) ^ ((bits & 1) == 0 ? 0 : 0x9908B0DF);
            }

            _at = 0;
        }

        uint y = _state[_at++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680;
        y ^= (y << 15) & 0xEFC60000;
        return y ^ (y >> 18);
    }
}
