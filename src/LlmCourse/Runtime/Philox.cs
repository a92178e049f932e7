namespace LlmCourse.Runtime;

/// <summary>
/// Random numbers without a state: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
/// A number is a pure function of the seed and of where it is used, so a draw depends neither on the batch it happens in,
/// nor on the device, nor on how many draws came before.
/// </summary>
internal static class Philox
{
    private const int Rounds = 10;

    /// <summary>A number in [0, 1) with 53 random bits, for one row of a request at one step.</summary>
    public static double Uniform(long seed, long row, long step)
    {
        (uint high, uint low, _, _) = Block(
            ((uint)step, (uint)(step >> 32), (uint)row, (uint)(row >> 32)), ((uint)seed, (uint)(seed >> 32)));
        ulong bits = ((ulong)high << 32) | low;
        return (bits >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>The numbers of several rows at one step.</summary>
    public static double[] Uniforms(long seed, ReadOnlySpan<long> rows, long step)
    {
        double[] numbers = new double[rows.Length];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = Uniform(seed, rows[i], step);
        return numbers;
    }

    /// <summary>The block function itself: 128 bits from a counter of 128 bits and a key of 64.</summary>
    public static (uint, uint, uint, uint) Block((uint, uint, uint, uint) counter, (uint, uint) key)
    {
        (uint c0, uint c1, uint c2, uint c3) = counter;
        (uint k0, uint k1) = key;
        for (int round = 0; round < Rounds; round++)
        {
            ulong first = 0xD2511F53UL * c0, second = 0xCD9E8D57UL * c2;
            (c0, c1, c2, c3) = ((uint)(second >> 32) ^ c1 ^ k0, (uint)second, (uint)(first >> 32) ^ c3 ^ k1, (uint)first);
            k0 = unchecked(k0 + 0x9E3779B9);
            k1 = unchecked(k1 + 0xBB67AE85);
        }

        return (c0, c1, c2, c3);
    }
}
