using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>The element types of the safetensors format that have a TorchSharp type.</summary>
internal static class SafetensorsType
{
    /// <summary>In the order of the format's own list; files hold the later ones first, so that data stay aligned.</summary>
    private static readonly (string Name, ScalarType Type)[] All =
    [
        ("BOOL", ScalarType.Bool),
        ("U8", ScalarType.Byte),
        ("I8", ScalarType.Int8),
        ("I16", ScalarType.Int16),
        ("F16", ScalarType.Float16),
        ("BF16", ScalarType.BFloat16),
        ("I32", ScalarType.Int32),
        ("F32", ScalarType.Float32),
        ("F64", ScalarType.Float64),
        ("I64", ScalarType.Int64),
    ];

    public static string Supported { get; } = string.Join(", ", All.Select(entry => entry.Name));

    public static ScalarType? Parse(string name)
    {
        foreach ((string known, ScalarType type) in All)
        {
            if (known == name)
                return type;
        }

        return null;
    }

    public static string Name(ScalarType type) => All[Rank(type)].Name;

    /// <summary>The place of a type in the format's list.</summary>
    public static int Rank(ScalarType type)
    {
        int rank = Array.FindIndex(All, entry => entry.Type == type);
        return rank >= 0 ? rank : throw new NotSupportedException($"A safetensors file cannot hold tensors of type {type}; it can hold {Supported}.");
    }
}
