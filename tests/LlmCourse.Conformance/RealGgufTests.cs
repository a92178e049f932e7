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
    public static TheoryData<string, string> Files()
    {
        TheoryData<string, string> files = [];
        foreach (string golden in RealModels.Files("tensors.json"))
        {
            foreach (string file in Directory.EnumerateFiles(RealModels.ModelFolder(golden), "*.gguf").Order(StringComparer.Ordinal))
                files.Add(golden, Path.GetFileName(file));
        }

        if (files.Count == 0)
            files.Add(Cases.None, "");
        return files;
    }

    [SkippableTheory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Files))]
    public void Every_tensor_has_its_golden_checksum(string golden, string file)
    {
        JsonElement expected = RealModels.Json(golden).GetProperty("tensors");
        using GgufFile gguf = GgufFile.Open(Path.Combine(RealModels.ModelFolder(golden), file));
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

    private static void AssertSum(string name, JsonElement expected, Tensor actual) =>
        Assert.Equal((name, expected.GetString()), (name, TensorValues.Sha256(actual)));
}
