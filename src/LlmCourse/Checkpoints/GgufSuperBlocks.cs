using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LlmCourse.Checkpoints;

/// <summary>
/// Turns the quantised super-blocks of 256 weights (the "K" types) into fp32: groups of 16 or 32 weights have scales and minima
/// of a few bits each, which the super-block's own scale turns into numbers. Every product and sum is rounded by itself, in the
/// format's order.
/// </summary>
internal static unsafe class GgufSuperBlocks
{
    private const int Half = 128;
    private const int Group = 32;

    /// <summary>16 scales and minima of 4 bits, 64 bytes of four 2-bit numbers, scale and minimum of the whole.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q2(byte* block, float* values)
    {
        byte* packed = block + 16;
        float scale = Number(block + 80), minimum = Number(block + 82);
        for (int half = 0; half < 2; half++, packed += Group)
        {
            for (int part = 0; part < 4; part++, values += Group, block += 2)
            {
                for (int side = 0; side < 2; side++)
                {
                    Vector128<byte> numbers = (Vector128.Load(packed + 16 * side) >>> (2 * part)) & Vector128.Create((byte)3);
                    GgufBlocks.Store(numbers.AsSByte(), Same(scale * (block[side] & 15)), Same(-(minimum * (block[side] >> 4))), values + 16 * side);
                }
            }
        }
    }

    /// <summary>The third bits of 256 numbers, 64 bytes of four numbers' other bits each, 16 scales of 6 bits, the scale. A number without its third bit is less 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q3(byte* block, float* values)
    {
        byte* packed = block + 32, scales = block + 96;
        float scale = Number(block + 108);
        for (int group = 0; group < 16; group++, values += 16)
        {
            int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4, high = (scales[8 + group % 4] >> (2 * (group / 4))) & 3;
            int part = group / 2, offset = 16 * (group % 2);
            Vector128<byte> numbers = (Vector128.Load(packed + Group * (part / 4) + offset) >>> (2 * (part % 4))) & Vector128.Create((byte)3);
            Vector128<byte> thirds = (Vector128.Load(block + offset) >>> part) & Vector128.Create((byte)1);
            Vector128<sbyte> less = Vector128.Create((sbyte)4) - (thirds << 2).AsSByte();
            GgufBlocks.Store(numbers.AsSByte() - less, Same(scale * ((low | (high << 4)) - 32)), values);
        }
    }

    /// <summary>scale, minimum, 8 scales and minima of 6 bits, 128 bytes of two numbers each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q4(byte* block, float* values)
    {
        for (int group = 0; group < 8; group++, values += Group)
        {
            byte* packed = block + 16 + Group * (group / 2);
            (Vector256<float> scale, Vector256<float> minimum) = Scale(block, group);
            for (int side = 0; side < Group; side += 16)
                GgufBlocks.Store(Nibbles(packed + side, 4 * (group % 2)).AsSByte(), scale, minimum, values + side);
        }
    }

    /// <summary>scale, minimum, 8 scales and minima of 6 bits, the fifth bits of 256 numbers, 128 bytes of two numbers' other bits each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q5(byte* block, float* values)
    {
        for (int group = 0; group < 8; group++, values += Group)
        {
            byte* packed = block + 48 + Group * (group / 2);
            (Vector256<float> scale, Vector256<float> minimum) = Scale(block, group);
            for (int side = 0; side < Group; side += 16)
            {
                Vector128<byte> fifths = (Vector128.Load(block + 16 + side) >>> group) & Vector128.Create((byte)1);
                GgufBlocks.Store((Nibbles(packed + side, 4 * (group % 2)) | (fifths << 4)).AsSByte(), scale, minimum, values + side);
            }
        }
    }

    /// <summary>128 bytes of two numbers' lower four bits each, 64 bytes of four numbers' higher two, 16 scales of a byte, the scale. The numbers are less 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q6(byte* block, float* values)
    {
        sbyte* scales = (sbyte*)block + 192;
        float scale = Number(block + 208);
        for (int group = 0; group < 16; group++, values += 16)
        {
            int half = group / 8, part = group / 2 % 4, side = 16 * (group % 2);
            Vector128<byte> low = Nibbles(block + 64 * half + Group * (part % 2) + side, 4 * (part / 2));
            Vector128<byte> high = (Vector128.Load(block + Half + Group * half + side) >>> (2 * part)) & Vector128.Create((byte)3);
            Vector128<sbyte> numbers = (low | (high << 4)).AsSByte() - Vector128.Create((sbyte)32);
            GgufBlocks.Store(numbers, Same(scale * scales[group]), values);
        }
    }

    /// <summary>Scale and (negative) minimum of one of eight groups: the first four have six bits of a byte, the others borrow two from those.</summary>
    private static (Vector256<float> Scale, Vector256<float> Minimum) Scale(byte* block, int group)
    {
        byte* bits = block + 4;
        int scale = group < 4 ? bits[group] & 63 : (bits[group + 4] & 15) | ((bits[group - 4] >> 2) & 0x30);
        int minimum = group < 4 ? bits[group + 4] & 63 : (bits[group + 4] >> 4) | ((bits[group] >> 2) & 0x30);
        return (Same(Number(block) * scale), Same(-(Number(block + 2) * minimum)));
    }

    private static Vector128<byte> Nibbles(byte* packed, int shift) => (Vector128.Load(packed) >>> shift) & Vector128.Create((byte)15);

    private static float Number(byte* at) => (float)*(System.Half*)at;

    private static Vector256<float> Same(float number) => Vector256.Create(number);
}
