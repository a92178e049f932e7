using System.Buffers.Binary;
using LlmCourse.Checkpoints;

namespace LlmCourse.Tests.Checkpoints;

public sealed class GgufBlocksTests
{
    /// <summary>The types, with more blocks than one task takes, so that the parallel way is compared too.</summary>
    [Theory]
    [InlineData(nameof(GgmlType.Q4_0))]
    [InlineData(nameof(GgmlType.Q4_1))]
    [InlineData(nameof(GgmlType.Q5_0))]
    [InlineData(nameof(GgmlType.Q5_1))]
    [InlineData(nameof(GgmlType.Q8_0))]
    public unsafe void Random_blocks_equal_the_definition_bit_for_bit(string name)
    {
        GgmlType type = Enum.Parse<GgmlType>(name);
        const int blocks = 9_001;
        int size = type.Block().Bytes;
        byte[] source = new byte[blocks * size];
        new Random(3).NextBytes(source);
        for (int block = 0; block < blocks; block++)
        {
            source[block * size + 1] &= 0xBF; // scales and minima below 2: no NaN, whose bits nobody defines
            if (name.EndsWith("_1", StringComparison.Ordinal))
                source[block * size + 3] &= 0xBF;
        }

        float[] actual = new float[blocks * 32];
        fixed (byte* from = source)
        fixed (float* to = actual)
            GgufBlocks.Dequantise(type, from, to, blocks);

        for (int block = 0; block < blocks; block++)
            Assert.Equal(Bits(Define(type, source.AsSpan(block * size, size))), Bits(actual[(block * 32)..((block + 1) * 32)]));
    }

    /// <summary>One block, written down as the format defines it, number by number.</summary>
    private static float[] Define(GgmlType type, ReadOnlySpan<byte> block)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        float[] values = new float[32];
        for (int i = 0; i < 32; i++)
        {
            int at = i % 16, shift = i / 16 * 4;
            switch (type)
            {
                case GgmlType.Q4_0:
                    values[i] = scale * (((block[2 + at] >> shift) & 15) - 8);
                    break;
                case GgmlType.Q4_1:
                    values[i] = Sum(scale * ((block[4 + at] >> shift) & 15), block);
                    break;
                case GgmlType.Q5_0:
                    values[i] = scale * ((((block[6 + at] >> shift) & 15) | (Bit(block[2..], i) << 4)) - 16);
                    break;
                case GgmlType.Q5_1:
                    values[i] = Sum(scale * (((block[8 + at] >> shift) & 15) | (Bit(block[4..], i) << 4)), block);
                    break;
                default:
                    values[i] = scale * (sbyte)block[2 + i];
                    break;
            }
        }

        return values;
    }

    private static int Bit(ReadOnlySpan<byte> bits, int i) => (bits[i / 8] >> (i % 8)) & 1;

    private static float Sum(float product, ReadOnlySpan<byte> block) => product + (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);

    private static IEnumerable<int> Bits(float[] values) => values.Select(BitConverter.SingleToInt32Bits);
}
