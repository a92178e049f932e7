using System.Collections;
using System.Globalization;
using System.Text.Json;
using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>Every file of <c>gguf/files.json</c>: its metadata, and its tensors as dequantised by the reference.</summary>
[Trait("Kind", "Gguf")]
public sealed class GgufTests
{
    private const string None = "(no gguf/files.json)";

    private static string Folder => Path.Combine(Shared.Root ?? "", "gguf");

    public static TheoryData<string> Files() =>
        new(Entries().Select(entry => entry.GetProperty("file").GetString()!).DefaultIfEmpty(None));

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public void File_reads_as_the_reference_reads_it(string file)
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        Skip.If(file == None, None);
        string path = Path.Combine(Folder, file);
        Skip.IfNot(File.Exists(path), "the file itself is absent");
        JsonElement entry = Entries().Single(candidate => candidate.GetProperty("file").GetString() == file);

        if (IsBigEndian(path))
        {
            Assert.Contains("big-endian", Assert.Throws<CheckpointException>(() => GgufFile.Open(path)).Message, StringComparison.Ordinal);
            return;
        }

        using GgufFile gguf = GgufFile.Open(path);
        if (entry.TryGetProperty("metadata", out JsonElement metadata))
            AssertMetadata(metadata, gguf.Metadata);
        if (entry.TryGetProperty("gguf_tensors", out JsonElement tensors) || entry.TryGetProperty("tensors", out tensors))
            AssertTensors(tensors, gguf);
        if (entry.TryGetProperty("shapes_row_major", out JsonElement shapes))
            Assert.All(shapes.EnumerateObject(), shape => Assert.Equal(Numbers(shape.Value), gguf.Weights[shape.Name].Shape));
    }

    private static JsonElement.ArrayEnumerator Entries() =>
        File.Exists(Path.Combine(Folder, "files.json"))
            ? Shared.Json(Folder, "files.json").GetProperty("files").EnumerateArray()
            : default;

    private static bool IsBigEndian(string path)
    {
        using FileStream stream = File.OpenRead(path);
        byte[] head = new byte[8];
        stream.ReadExactly(head);
        return head[4..7].All(part => part == 0) && head[7] != 0;
    }

    private static void AssertTensors(JsonElement expected, GgufFile gguf)
    {
        Assert.Equal(expected.EnumerateObject().Select(tensor => tensor.Name).Order(), gguf.Weights.Keys.Order());
        foreach (JsonProperty tensor in expected.EnumerateObject())
        {
            if (!gguf.CanRead(tensor.Name))
            {
                CheckpointException error = Assert.Throws<CheckpointException>(() => gguf.Read(tensor.Name));
                Assert.Contains(tensor.Name, error.Message, StringComparison.Ordinal);
                Assert.Contains(gguf.Weights[tensor.Name].Storage, error.Message, StringComparison.Ordinal);
                continue;
            }

            // The reference widens 16-bit floats and blocks to fp32; everything else it leaves as it is.
            ScalarType type = gguf.Weights[tensor.Name].Type;
            using Tensor actual = gguf.Read(tensor.Name, type is ScalarType.Float16 or ScalarType.BFloat16 ? float32 : type);
            if (tensor.Value.ValueKind == JsonValueKind.Array)
            {
                TensorValues.AssertEqual(tensor.Value, actual);
                continue;
            }

            JsonElement shape = tensor.Value.TryGetProperty("shape_row_major", out JsonElement rowMajor) ? rowMajor : tensor.Value.GetProperty("shape");
            Assert.Equal(Numbers(shape), actual.shape);
            Assert.Equal((tensor.Name, tensor.Value.GetProperty("sha256").GetString()), (tensor.Name, TensorValues.Sha256(actual)));
        }
    }

    private static void AssertMetadata(JsonElement expected, IReadOnlyDictionary<string, object> actual) =>
        Assert.All(expected.EnumerateObject(), entry => AssertValue(entry.Value, actual[entry.Name]));

    private static void AssertValue(JsonElement expected, object actual)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Array:
                Assert.Equal(expected.GetArrayLength(), ((ICollection)actual).Count);
                foreach ((JsonElement item, object? value) in expected.EnumerateArray().Zip(((IEnumerable)actual).Cast<object>()))
                    AssertValue(item, value);
                break;
            case JsonValueKind.String:
                Assert.Equal(expected.GetString(), actual);
                break;
            case JsonValueKind.True or JsonValueKind.False:
                Assert.Equal(expected.GetBoolean(), actual);
                break;
            case JsonValueKind.Number when actual is float or double:
                Assert.Equal(expected.GetDouble(), Convert.ToDouble(actual, CultureInfo.InvariantCulture));
                break;
            default:
                Assert.Equal(expected.GetRawText(), Convert.ToString(actual, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static long[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetInt64())];
}
