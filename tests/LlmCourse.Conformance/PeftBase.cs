using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Tests;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>A folder of <c>peft/</c>, the base it names, and what the reference computed.</summary>
internal sealed class PeftBase : IDisposable
{
    private readonly Dictionary<string, Tensor> _weights;

    private PeftBase(string folder, Llm llm)
    {
        Folder = folder;
        Llm = llm;
        Json = Shared.Json(folder, "expected.json");
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        Expected = file.Weights.Keys.ToDictionary(key => key, key => file.Read(key).to(ModelFixture.Device).DetachFromDisposeScope());
        _weights = llm.Model.NamedParameters.ToDictionary(entry => entry.Name, entry => entry.Parameter.detach().clone().DetachFromDisposeScope());
    }

    public string Folder { get; }

    public Llm Llm { get; }

    public JsonElement Json { get; }

    public Dictionary<string, Tensor> Expected { get; }

    /// <summary>Whether the adapter changes a token table that is also the output matrix.</summary>
    public bool MergesIntoTie => Llm.Model.Config.Head.Tied && Shared.Json(Folder, "adapter_config.json").GetProperty("target_modules") is { ValueKind: JsonValueKind.Array } targets
        && targets.EnumerateArray().Any(target => target.GetString() is "wte" or "embed_tokens" or "shared");

    public static PeftBase Load(string folder)
    {
        ModelFixture.RequireDevice();
        string baseFolder = Path.Combine(folder, "..", Shared.Json(folder, "expected.json").GetProperty("base").GetString()!);
        try
        {
            return new PeftBase(folder, Llm.Load(baseFolder, new LoadOptions { Device = ModelFixture.Device }));
        }
        catch (UnsupportedModelException error)
        {
            Skip.If(true, error.Message);
            throw;
        }
    }

    public Batch Batch()
    {
        Tensor labels = Expected["input.labels"];
        Sequences input = Sequences.FromTensors(Expected["input.input_ids"], Expected["input.attention_mask"]);
        TransformerConfig config = Llm.Model.Config;
        if (config.Encoder is null || config.Decoder is null)
            return new Batch(input, labels: labels.alias());
        using Tensor start = full([labels.size(0), 1], config.DecoderStartTokenId!.Value, ScalarType.Int64, labels.device);
        using Tensor shifted = cat([start, labels.narrow(1, 0, labels.size(1) - 1)], 1);
        return new Batch(input, Sequences.FromTensors(shifted.masked_fill(shifted.eq(Data.Batch.Ignore), config.PadTokenId!.Value)), labels.alias());
    }

    /// <summary>The optimizer that a trajectory describes.</summary>
    public static AdamW Optimizer(IEnumerable<TorchSharp.Modules.Parameter> parameters, JsonElement trajectory)
    {
        double Number(string name) => trajectory.GetProperty(name).GetDouble();
        JsonElement betas = trajectory.GetProperty("betas");
        return new(parameters, Number("lr"), betas[0].GetDouble(), betas[1].GetDouble(), Number("eps"), Number("weight_decay"));
    }

    /// <summary>Compares logits where they mean something.</summary>
    public void Close(string what, Tensor want, Tensor got, double tolerance)
    {
        Assert.Equal(want.shape, got.shape);
        Tensor difference = got.sub(want).abs();
        if (got.dim() == 3)
        {
            Tensor mask = Llm.Model.Config is { Encoder: not null, Decoder: not null } ? Expected["input.labels"].ne(Data.Batch.Ignore) : Expected["input.attention_mask"].to(ScalarType.Bool);
            difference = difference.masked_fill(mask.logical_not().unsqueeze(-1), 0);
        }

        double worst = difference.max().Number();
        Assert.True(worst <= tolerance, $"{what}: largest difference {worst:g3}");
    }

    /// <summary>A weight of the model under the checkpoint's name, as it is stored.</summary>
    public Tensor Weight(string theirs)
    {
        WeightNames names = new(Family.Of(Pretrained.ReadConfig(Path.Combine(Folder, "..", Json.GetProperty("base").GetString()!))), Llm.Model.Config);
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in Llm.Model.NamedParameters)
        {
            WeightNames.TensorName stored = names.Of(name);
            if (stored.Name == theirs)
                return stored.Transposed ? parameter.detach().t() : parameter.detach();
        }

        throw new KeyNotFoundException(theirs);
    }

    /// <summary>Whether every weight has the bits it was loaded with, and there is no other.</summary>
    public bool BaseIsUntouched() =>
        Llm.Model.NamedParameters.Count() == _weights.Count && Llm.Model.NamedParameters.All(entry => PeftFiles.Same(entry.Parameter, _weights[entry.Name]));

    public static int[][] Rows(JsonElement rows) => [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

    public void Dispose()
    {
        foreach (Tensor tensor in Expected.Values.Concat(_weights.Values))
            tensor.Dispose();
        Llm.Dispose();
    }
}
