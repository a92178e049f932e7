using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>How a tensor in a GGUF file is stored. Numbers that are missing here were removed from the format.</summary>
internal enum GgmlType
{
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q8_1 = 9,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    Q8_K = 15,
    IQ2_XXS = 16,
    IQ2_XS = 17,
    IQ3_XXS = 18,
    IQ1_S = 19,
    IQ4_NL = 20,
    IQ3_S = 21,
    IQ2_S = 22,
    IQ4_XS = 23,
    I8 = 24,
    I16 = 25,
    I32 = 26,
    I64 = 27,
    F64 = 28,
    IQ1_M = 29,
    BF16 = 30,
    TQ1_0 = 34,
    TQ2_0 = 35,
    MXFP4 = 39,
    NVFP4 = 40,
    Q1_0 = 41,
}

/// <summary>The layout of each storage type.</summary>
internal static class GgmlTypeExtensions
{
    /// <summary>How many elements one block holds, and in how many bytes.</summary>
    public static (int Elements, int Bytes) Block(this GgmlType type) => type switch
    {
        GgmlType.I8 => (1, 1),
        GgmlType.F16 or GgmlType.BF16 or GgmlType.I16 => (1, 2),
        GgmlType.F32 or GgmlType.I32 => (1, 4),
        GgmlType.F64 or GgmlType.I64 => (1, 8),
        GgmlType.MXFP4 => (32, 17),
        GgmlType.Q4_0 or GgmlType.IQ4_NL => (32, 18),
        GgmlType.Q4_1 => (32, 20),
        GgmlType.Q5_0 => (32, 22),
        GgmlType.Q5_1 => (32, 24),
        GgmlType.Q8_0 => (32, 34),
        GgmlType.Q8_1 => (32, 40),
        GgmlType.NVFP4 => (64, 36),
        GgmlType.Q1_0 => (128, 18),
        GgmlType.IQ1_S => (256, 50),
        GgmlType.TQ1_0 => (256, 54),
        GgmlType.IQ1_M => (256, 56),
        GgmlType.IQ2_XXS or GgmlType.TQ2_0 => (256, 66),
        GgmlType.IQ2_XS => (256, 74),
        GgmlType.IQ2_S => (256, 82),
        GgmlType.Q2_K => (256, 84),
        GgmlType.IQ3_XXS => (256, 98),
        GgmlType.Q3_K or GgmlType.IQ3_S => (256, 110),
        GgmlType.IQ4_XS => (256, 136),
        GgmlType.Q4_K => (256, 144),
        GgmlType.Q5_K => (256, 176),
        GgmlType.Q6_K => (256, 210),
        GgmlType.Q8_K => (256, 292),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a storage type"),
    };

    /// <summary>The tensor type whose elements are stored as they are; null for blocks, which are read as fp32.</summary>
    public static ScalarType? Plain(this GgmlType type) => type switch
    {
        GgmlType.F64 => ScalarType.Float64,
        GgmlType.F32 => ScalarType.Float32,
        GgmlType.F16 => ScalarType.Float16,
        GgmlType.BF16 => ScalarType.BFloat16,
        GgmlType.I64 => ScalarType.Int64,
        GgmlType.I32 => ScalarType.Int32,
        GgmlType.I16 => ScalarType.Int16,
        GgmlType.I8 => ScalarType.Int8,
        _ => null,
    };
}
