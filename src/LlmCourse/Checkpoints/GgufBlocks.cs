using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LlmCourse.Checkpoints;

/// <summary>
/// Turns quantised blocks into fp32; those of 32 weights here, the larger ones in <see cref="GgufSuperBlocks"/>. The product and the sum are rounded one after the other, as the
/// format's definition does: a fused multiply-add would change last digits. Kernels are compiled with all optimisation at once: a model is
/// loaded before the runtime would find out that they are worth it.
/// </summary>
internal static unsafe class GgufBlocks
{
    private const int ElementsPerTask = 131_072;

    /// <summary>The types that <see cref="Dequantise"/> knows.</summary>
    public static bool CanDequantise(GgmlType type) => Kernel(type) != null;

    /// <summary>Reads <paramref name="blocks"/> blocks from <paramref name="source"/>, on all cores where it is worth it.</summary>
    public static void Dequantise(GgmlType type, byte* source, float* destination, long blocks)
    {
        delegate*<byte*, float*, void> kernel = Kernel(type);
        (int elements, int bytes) = type.Block();
        long perTask = ElementsPerTask / elements, tasks = (blocks + perTask - 1) / perTask;
        if (tasks <= 1)
            Run(kernel, source, bytes, destination, elements, 0, blocks);
        else
            Parallel.For(0, tasks, task => Run(kernel, source, bytes, destination, elements, task * perTask, Math.Min(blocks, (task + 1) * perTask)));
    }

    private static delegate*<byte*, float*, void> Kernel(GgmlType type) => type switch
    {
        GgmlType.Q4_0 => &Q4WithScale,
        GgmlType.Q4_1 => &Q4WithMinimum,
        GgmlType.Q5_0 => &Q5WithScale,
        GgmlType.Q5_1 => &Q5WithMinimum,
        GgmlType.Q8_0 => &Q8WithScale,
        GgmlType.Q2_K => &GgufSuperBlocks.Q2,
        GgmlType.Q3_K => &GgufSuperBlocks.Q3,
        GgmlType.Q4_K => &GgufSuperBlocks.Q4,
        GgmlType.Q5_K => &GgufSuperBlocks.Q5,
        GgmlType.Q6_K => &GgufSuperBlocks.Q6,
        _ => null,
    };

    private static void Run(delegate*<byte*, float*, void> kernel, byte* source, int blockBytes, float* destination, int blockElements, long from, long to)
    {
        for (long block = from; block < to; block++)
            kernel(source + block * blockBytes, destination + block * blockElements);
    }

    /// <summary>scale, 16 bytes of two numbers each: the low halves come first. The numbers are less 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q4WithScale(byte* block, float* values)
    {
        (Vector128<byte> low, Vector128<byte> high) = Halves(block + 2);
        Vector256<float> scale = Half(block);
        Vector128<sbyte> offset = Vector128.Create((sbyte)8);
        Store(low.AsSByte() - offset, scale, values);
        Store(high.AsSByte() - offset, scale, values + 16);
    }

    /// <summary>scale, minimum, 16 bytes of two numbers each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q4WithMinimum(byte* block, float* values)
    {
        (Vector128<byte> low, Vector128<byte> high) = Halves(block + 4);
        Vector256<float> scale = Half(block), minimum = Half(block + 2);
        Store(low.AsSByte(), scale, minimum, values);
        Store(high.AsSByte(), scale, minimum, values + 16);
    }

    /// <summary>scale, the 32 fifth bits, 16 bytes of two numbers' other bits each. The numbers are less 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q5WithScale(byte* block, float* values)
    {
        (Vector128<byte> low, Vector128<byte> high) = Halves(block + 6);
        Vector256<float> scale = Half(block);
        Vector128<sbyte> offset = Vector128.Create((sbyte)16);
        Store((low | FifthBits(block + 2)).AsSByte() - offset, scale, values);
        Store((high | FifthBits(block + 4)).AsSByte() - offset, scale, values + 16);
    }

    /// <summary>scale, minimum, the 32 fifth bits, 16 bytes of two numbers' other bits each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q5WithMinimum(byte* block, float* values)
    {
        (Vector128<byte> low, Vector128<byte> high) = Halves(block + 8);
        Vector256<float> scale = Half(block), minimum = Half(block + 2);
        Store((low | FifthBits(block + 4)).AsSByte(), scale, minimum, values);
        Store((high | FifthBits(block + 6)).AsSByte(), scale, minimum, values + 16);
    }

    /// <summary>scale, 32 signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Q8WithScale(byte* block, float* values)
    {
        Vector256<float> scale = Half(block);
        Store(Vector128.Load((sbyte*)block + 2), scale, values);
        Store(Vector128.Load((sbyte*)block + 18), scale, values + 16);
    }

    private static Vector256<float> Half(byte* at) => Vector256.Create((float)*(Half*)at);

    private static (Vector128<byte> Low, Vector128<byte> High) Halves(byte* packed)
    {
        Vector128<byte> bytes = Vector128.Load(packed);
        return (bytes & Vector128.Create((byte)0x0F), bytes >>> 4);
    }

    /// <summary>16 bits as 16 bytes of 0 or 16.</summary>
    private static Vector128<byte> FifthBits(byte* bits)
    {
        Vector128<byte> each = Vector128.Create(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
        Vector128<byte> spread = Vector128.Create(Vector64.Create(bits[0]), Vector64.Create(bits[1]));
        return Vector128.Equals(spread & each, each) & Vector128.Create((byte)0x10);
    }

    public static void Store(Vector128<sbyte> numbers, Vector256<float> scale, float* values)
    {
        (Vector256<float> first, Vector256<float> second) = Widen(numbers);
        (first * scale).Store(values);
        (second * scale).Store(values + 8);
    }

    public static void Store(Vector128<sbyte> numbers, Vector256<float> scale, Vector256<float> minimum, float* values)
    {
        (Vector256<float> first, Vector256<float> second) = Widen(numbers);
        (first * scale + minimum).Store(values);
        (second * scale + minimum).Store(values + 8);
    }

    private static (Vector256<float> First, Vector256<float> Second) Widen(Vector128<sbyte> numbers)
    {
        (Vector128<short> low, Vector128<short> high) = Vector128.Widen(numbers);
        return (
            Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(low), Vector128.WidenUpper(low))),
            Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(high), Vector128.WidenUpper(high))));
    }
}
