using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>One folder of <c>models/</c>: the model, its inputs and what the reference made of them.</summary>
internal sealed class ModelFixture : IDisposable
{
    private ModelFixture(string folder, Pretrained pretrained)
    {
        Folder = folder;
        Pretrained = pretrained;
        Meta = Shared.Json(folder, "expected", "meta.json");
    }

    public string Folder { get; }

    public Pretrained Pretrained { get; }

    public TransformerModel Model => Pretrained.Model;

    public JsonElement Meta { get; }

    public string Kind => Meta.GetProperty("kind").GetString()!;

    /// <summary>Where the suite runs: LLMCOURSE_TEST_DEVICE, the CPU by default.</summary>
    public static Device Device { get; } = new(Environment.GetEnvironmentVariable("LLMCOURSE_TEST_DEVICE") is { Length: > 0 } name ? name : "cpu");

    public static void RequireDevice() => Skip.If(
        Device.type == DeviceType.CUDA && !cuda.is_available(), $"LLMCOURSE_TEST_DEVICE is {Device}, and there is no such device");

    /// <summary>Loads a folder; on a foreign root, skips with the reason where its kind is not supported.</summary>
    public static ModelFixture Load(string folder, string? config = null)
    {
        RequireDevice();
        Skip.IfNot(Directory.EnumerateFiles(folder, "*.safetensors").Any(), "the folder has no weights");
        JsonElement json = Shared.Json(folder, config ?? "config.json");
        try
        {
            using IWeightSource source = WeightFolder.Open(folder);
            return new ModelFixture(folder, Pretrained.From(json, source, folder, ScalarType.Float32, Device));
        }
        catch (UnsupportedModelException error) when (Shared.IsForeignRoot)
        {
            Skip.If(true, error.Message);
            throw;
        }
    }

    /// <summary>A file of <c>expected/</c>, its tensors by name.</summary>
    public Dictionary<string, Tensor> Tensors(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, "expected", name + ".safetensors"));
        return file.Weights.Keys.ToDictionary(key => key, key => file.Read(key).to(Device));
    }

    /// <summary>The batch that a file of inputs describes.</summary>
    public static Batch Batch(Dictionary<string, Tensor> inputs)
    {
        Sequences input = Sequences.FromTensors(inputs["input_ids"], inputs["attention_mask"], inputs.GetValueOrDefault("token_type_ids"));
        Sequences? decoder = inputs.TryGetValue("decoder_input_ids", out Tensor? ids) ? Sequences.FromTensors(ids) : null;
        return new Batch(input, decoder, inputs.GetValueOrDefault("labels")?.alias());
    }

    public void Dispose() => Pretrained.Dispose();
}
