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

    /// <summary>The scales that a super-block begins or ends with are halves; where they stand in each type.</summary>
    public static TheoryData<string, int[]> SuperBlocks => new()
    {
        { nameof(GgmlType.Q2_K), [80, 82] },
        { nameof(GgmlType.Q3_K), [108] },
        { nameof(GgmlType.Q4_K), [0, 2] },
        { nameof(GgmlType.Q5_K), [0, 2] },
        { nameof(GgmlType.Q6_K), [208] },
    };

    [Theory]
    [MemberData(nameof(SuperBlocks))]
    public unsafe void Random_super_blocks_equal_the_definition_bit_for_bit(string name, int[] halves)
    {
        GgmlType type = Enum.Parse<GgmlType>(name);
        const int blocks = 1_100; // more than two tasks
        int size = type.Block().Bytes;
        byte[] source = new byte[blocks * size];
        new Random(4).NextBytes(source);
        for (int block = 0; block < blocks; block++)
            Array.ForEach(halves, at => source[block * size + at + 1] &= 0xBF);

        float[] actual = new float[blocks * 256];
        fixed (byte* from = source)
        fixed (float* to = actual)
            GgufBlocks.Dequantise(type, from, to, blocks);

        for (int block = 0; block < blocks; block++)
        {
            byte[] bytes = source[(block * size)..((block + 1) * size)];
            Assert.Equal(Bits([.. Enumerable.Range(0, 256).Select(i => DefineSuper(type, bytes, i))]), Bits(actual[(block * 256)..((block + 1) * 256)]));
        }
    }

    /// <summary>Weight i of a super-block, bit by bit.</summary>
    private static float DefineSuper(GgmlType type, byte[] block, int i)
    {
        float Half(int at) => (float)BinaryPrimitives.ReadHalfLittleEndian(block.AsSpan(at));
        int halfOfBlock = i / 128, quarter = i / 64, inRow = i % 32, row = i / 32; // rows of 32
        int two = 2 * (row % 4); // where the two bits of this row stand in a byte that four rows share
        switch (type)
        {
            case GgmlType.Q2_K:
                {
                    byte scales = block[i / 16];
                    float scale = Half(80) * (scales & 15), minimum = Half(82) * (scales >> 4);
                    return Difference(scale * ((block[16 + 32 * halfOfBlock + inRow] >> two) & 3), minimum);
                }

            case GgmlType.Q3_K:
                {
                    int group = i / 16;
                    int low = (block[96 + group % 8] >> (4 * (group / 8))) & 15, high = (block[104 + group % 4] >> (2 * (group / 4))) & 3;
                    int number = ((block[32 + 32 * halfOfBlock + inRow] >> two) & 3) | (((block[inRow] >> row) & 1) << 2);
                    float scale = Half(108) * ((low | (high << 4)) - 32);
                    return scale * (number - 4);
                }

            case GgmlType.Q4_K or GgmlType.Q5_K:
                {
                    bool five = type == GgmlType.Q5_K;
                    int scale = row < 4 ? block[4 + row] & 63 : (block[8 + row] & 15) | ((block[row] >> 6) << 4);
                    int minimum = row < 4 ? block[8 + row] & 63 : (block[8 + row] >> 4) | ((block[4 + row] >> 6) << 4);
                    int number = (block[(five ? 48 : 16) + 32 * quarter + inRow] >> (4 * (row % 2))) & 15;
                    if (five)
                        number |= ((block[16 + inRow] >> row) & 1) << 4;
                    float scaled = Half(0) * scale, less = Half(2) * minimum;
                    return Difference(scaled * number, less);
                }

            default:
                {
                    int low = (block[64 * halfOfBlock + i % 64] >> (4 * (quarter % 2))) & 15, high = (block[128 + 32 * halfOfBlock + inRow] >> two) & 3;
                    float scale = Half(208) * (sbyte)block[192 + i / 16];
                    return scale * ((low | (high << 4)) - 32);
                }
        }
    }

    private static float Difference(float product, float minimum) => product - minimum;

    private static int Bit(ReadOnlySpan<byte> bits, int i) => (bits[i / 8] >> (i % 8)) & 1;

    private static float Sum(float product, ReadOnlySpan<byte> block) => product + (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);

    private static IEnumerable<int> Bits(float[] values) => values.Select(BitConverter.SingleToInt32Bits);
}
