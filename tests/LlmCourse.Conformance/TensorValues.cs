using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>Compares tensors with what reference files say about them.</summary>
internal static class TensorValues
{
    /// <summary>The SHA-256 of the tensor's little-endian bytes in row-major order.</summary>
    public static string Sha256(Tensor tensor)
    {
        using IDisposable scope = NewDisposeScope();
        return Convert.ToHexStringLower(SHA256.HashData(tensor.cpu().contiguous().bytes));
    }

    /// <summary>Asserts that a tensor is exactly a nested JSON list, in which "NaN" and "Infinity" are written as strings.</summary>
    public static void AssertEqual(JsonElement expected, Tensor actual)
    {
        using IDisposable scope = NewDisposeScope();
        List<double> values = [];
        List<long> shape = [];
        Flatten(expected, 0, shape, values);
        Assert.Equal(shape, actual.shape);
        // An empty dimension hides the ones behind it in a list; there is nothing more to compare then.
        Assert.Equal(values.ToArray(), MemoryMarshal.Cast<byte, double>(actual.to(float64).cpu().contiguous().bytes).ToArray());
    }

    private static void Flatten(JsonElement element, int depth, List<long> shape, List<double> values)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            values.Add(element.ValueKind == JsonValueKind.String
                ? double.Parse(element.GetString()!, CultureInfo.InvariantCulture)
                : element.GetDouble());
            return;
        }

        if (shape.Count == depth)
            shape.Add(element.GetArrayLength());
        foreach (JsonElement item in element.EnumerateArray())
            Flatten(item, depth + 1, shape, values);
    }
}
