using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>Two folders of an adapter, compared by what peft's reader takes from them.</summary>
internal static class PeftFiles
{
    private static readonly string[] Sets = ["target_modules", "feedforward_modules", "modules_to_save", "exclude_modules"];

    /// <summary>The same keys, shapes, types and bits; the same fields of the configuration with the same values, sets in any order.</summary>
    public static void Compare(string expected, string actual)
    {
        using SafetensorsFile want = SafetensorsFile.Open(Path.Combine(expected, "adapter_model.safetensors"));
        using SafetensorsFile got = SafetensorsFile.Open(Path.Combine(actual, "adapter_model.safetensors"));
        Assert.Equal(want.Metadata, got.Metadata);
        Assert.Equal(want.Weights.Keys.Order(StringComparer.Ordinal), got.Weights.Keys.Order(StringComparer.Ordinal));
        foreach (string key in want.Weights.Keys)
        {
            using Tensor wanted = want.Read(key), found = got.Read(key);
            Assert.Equal(wanted.dtype, found.dtype);
            Assert.Equal(wanted.shape, found.shape);
            Assert.True(Same(wanted, found), key);
        }

        CompareConfigs(Shared.Json(expected, "adapter_config.json"), Shared.Json(actual, "adapter_config.json"));
    }

    /// <summary>Whether two tensors have the same type, shape and numbers.</summary>
    public static bool Same(Tensor first, Tensor second)
    {
        using var scope = NewDisposeScope();
        return first.dtype == second.dtype && first.shape.AsSpan().SequenceEqual(second.shape) && first.eq(second).all().IsTrue();
    }

    /// <summary>The same fields with the same values.</summary>
    public static void CompareConfigs(JsonElement want, JsonElement got)
    {
        Assert.Equal(Names(want), Names(got));
        foreach (JsonProperty property in want.EnumerateObject())
            Assert.True(Value(property.Name, property.Value) == Value(property.Name, got.GetProperty(property.Name)), $"{property.Name}: {got.GetProperty(property.Name)}, reference {property.Value}");
    }

    private static IEnumerable<string> Names(JsonElement config) => config.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal);

    private static string Value(string name, JsonElement value) => value.ValueKind == JsonValueKind.Array && Sets.Contains(name)
        ? string.Join(",", value.EnumerateArray().Select(item => item.ToString()).Distinct().Order(StringComparer.Ordinal))
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble().ToString(System.Globalization.CultureInfo.InvariantCulture)
        : value.GetRawText();
}
