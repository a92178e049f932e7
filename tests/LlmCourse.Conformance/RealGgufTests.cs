using System.Globalization;
using System.Text.Json;
using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>GGUF files of real models: every tensor's checksum, in the file's row order and in Hugging Face's.</summary>
[Trait("Kind", "Real")]
public sealed class RealGgufTests
{
    private const string None = "(no real model with a GGUF file and golden tensors)";

    public static TheoryData<string, string, string> Files()
    {
        TheoryData<string, string, string> files = [];
        foreach (string model in Models())
        {
            string name = Path.GetFileName(model);
            foreach (string golden in Golden(name, model))
            {
                foreach (string file in Directory.EnumerateFiles(model, "*.gguf").Order(StringComparer.Ordinal))
                    files.Add(name, Path.GetFileName(file), Path.GetRelativePath(Shared.Folder!, golden));
            }
        }

        if (files.Count == 0)
            files.Add(None, "", "");
        return files;
    }

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public void Every_tensor_has_its_golden_checksum(string model, string file, string golden)
    {
        Skip.If(model == None, None);
        JsonElement expected = Shared.Json(Shared.Folder!, golden).GetProperty("tensors");
        using GgufFile gguf = GgufFile.Open(Path.Combine(Shared.Folder!, "models", model, file));
        HashSet<string> seen = [];
        foreach (JsonProperty entry in expected.EnumerateObject())
        {
            JsonElement tensor = entry.Value;
            string name = tensor.GetProperty("gguf_name").GetString()!;
            seen.Add(name);
            Assert.Equal(tensor.GetProperty("gguf_type").GetString(), gguf.Weights[name].Storage);
            Assert.Equal(tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), gguf.Weights[name].Shape);
            using Tensor stored = gguf.Read(name, float32);
            if (!tensor.TryGetProperty("sha256_before_unpermuting", out JsonElement before))
            {
                AssertSum(name, tensor.GetProperty("sha256"), stored);
                continue;
            }

            AssertSum(name, before, stored);
            string heads = name.Contains("attn_k", StringComparison.Ordinal) ? "attention.head_count_kv" : "attention.head_count";
            object count = gguf.Metadata[$"{gguf.Metadata["general.architecture"]}.{heads}"];
            using Tensor reordered = LlamaRows.ToHuggingFace(stored, Convert.ToInt64(count, CultureInfo.InvariantCulture));
            AssertSum(name, tensor.GetProperty("sha256"), reordered);
        }

        Assert.Equal(gguf.Weights.Keys.Order(), seen.Order());
    }

    private static IEnumerable<string> Models() =>
        Shared.Folder is { } folder && Directory.Exists(Path.Combine(folder, "models"))
            ? Directory.EnumerateDirectories(Path.Combine(folder, "models")).Order(StringComparer.Ordinal)
            : [];

    /// <summary>Beside the model, and under the root for the same model.</summary>
    private static IEnumerable<string> Golden(string name, string model)
    {
        string?[] folders = [model, Shared.Root is { } root ? Path.Combine(root, "real", name) : null];
        return folders.OfType<string>().Select(folder => Path.Combine(folder, "golden", "tensors.json")).Where(File.Exists);
    }

    private static void AssertSum(string name, JsonElement expected, Tensor actual) =>
        Assert.Equal((name, expected.GetString()), (name, TensorValues.Sha256(actual)));
}
