using System.Text.Json;
using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Tests;
using LlmCourse.Training;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Conformance;

/// <summary>Every folder of <c>peft/</c> with a soft prompt, below the façade.</summary>
[Trait("Kind", "Peft")]
public sealed class PeftTests
{
    private const double LogitTolerance = 1e-4;
    private const double LossTolerance = 1e-5;

    public static TheoryData<string> Folders() => Cases.Of("peft", folder =>
        File.Exists(Path.Combine(folder, "expected.json")) && File.Exists(Path.Combine(folder, "adapter_config.json"))
        && Shared.Json(folder, "adapter_config.json").GetProperty("peft_type").GetString() is "PROMPT_TUNING" or "PREFIX_TUNING" or "P_TUNING");

    /// <summary>Classifiers generate nothing.</summary>
    public static TheoryData<string> Generating() => Cases.Among(Folders(), name => Shared.Json(Shared.Root!, "peft", name, "expected.json").TryGetProperty("generation", out JsonElement cases) && cases.ValueKind == JsonValueKind.Array);

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Logits_and_losses_equal_the_reference(string name)
    {
        using PeftFixture fixture = PeftFixture.Load(Cases.Folder("peft", name));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Dictionary<string, Tensor> expected = fixture.Expected;
        using Batch batch = fixture.Batch();
        foreach (string state in new[] { "base", "adapter", "initial" })
        {
            Adapter? adapter = state switch { "base" => null, "initial" => fixture.Read("initial"), _ => fixture.Read("") };
            ForwardContext view = adapter is null ? ForwardContext.Evaluation : AdapterView.Everywhere(adapter);
            Close(state, expected["logits." + state], fixture.Logits(batch, view), fixture.Mask(batch, adapter));
            double loss = SupervisedLoss.Of(fixture.Model, batch, view).Number();
            Assert.Equal(fixture.Json.GetProperty("losses").GetProperty(state).GetDouble(), loss, LossTolerance);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Trajectories_equal_the_reference(string name)
    {
        // In double precision: in single some gradients are rounding only, which Adam makes steps of.
        using PeftFixture fixture = PeftFixture.Load(Cases.Folder("peft", name), ScalarType.Float64);
        JsonElement trajectory = fixture.Json.GetProperty("trajectory");
        Assert.Equal("torch.optim.AdamW(one group)", trajectory.GetProperty("optimizer").GetString());
        using var scope = NewDisposeScope();
        using Batch batch = fixture.Batch();
        Adapter adapter = fixture.Read(trajectory.GetProperty("from").GetString()!.TrimEnd('/'), continues: true);
        ForwardContext view = AdapterView.Everywhere(adapter);
        Parameter[] parameters = [.. adapter.Parameters.Select(parameter => parameter.Value)];
        using AdamW adam = PeftBase.Optimizer(parameters, trajectory);
        Skip.If(trajectory.GetProperty("clip").ValueKind != JsonValueKind.Null, "the trajectory clips gradients");
        JsonElement losses = trajectory.GetProperty("losses_in_float64"), norms = trajectory.GetProperty("grad_norms");
        for (int step = 0; step < losses.GetArrayLength(); step++)
        {
            using var stepScope = NewDisposeScope();
            adam.ZeroGrad();
            Tensor loss = SupervisedLoss.Of(fixture.Model, batch, view);
            loss.backward();
            Near(losses[step].GetDouble(), loss.Number());
            Near(norms[step].GetDouble(), Math.Sqrt(parameters.Sum(parameter => parameter.grad!.square().sum().Number())));
            adam.Step();
        }

        Near(trajectory.GetProperty("loss_after").GetDouble(), SupervisedLoss.Of(fixture.Model, batch, view).Number());
        using var noGrad = no_grad();
        Close("trained", fixture.Expected["logits.trained"], fixture.Logits(batch, view), fixture.Mask(batch, adapter), 1e-3);
        Assert.True(adapter.Prompt!.Finished().sub(fixture.Expected["trained.prompt_embeddings"]).abs().max().Number() < 1e-3);
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void As_many_parameters_are_trained_as_in_the_reference(string name)
    {
        using PeftFixture fixture = PeftFixture.Load(Cases.Folder("peft", name));
        Adapter adapter = fixture.Read("initial", continues: true);
        Assert.Equal(fixture.Json.GetProperty("parameters").GetProperty("trainable").GetInt64(), adapter.ParameterCount);
    }

    [SkippableTheory]
    [MemberData(nameof(Generating))]
    public void Greedy_tokens_equal_the_reference(string name)
    {
        using PeftFixture fixture = PeftFixture.Load(Cases.Folder("peft", name));
        JsonElement cases = fixture.Json.GetProperty("generation");
        int compared = 0;
        foreach (JsonElement item in cases.EnumerateArray().Where(item => item.TryGetProperty("new_tokens", out _)))
        {
            int[][] ids = Rows(item.GetProperty("input_ids")), mask = Rows(item.GetProperty("attention_mask")), want = Rows(item.GetProperty("new_tokens"));
            int[][] prompts = [.. ids.Zip(mask, (row, ones) => row.Where((_, t) => ones[t] == 1).ToArray())];
            Adapter adapter = fixture.Read("");
            TokenGenerator generator = new(fixture.Model, AdapterView.Everywhere(adapter), GenerationDefaults.None);
            IReadOnlyList<Completion> got = generator.Generate(prompts, new GenerationOptions { MaxNewTokens = want[0].Length, EosTokenIds = [] });
            for (int r = 0; r < prompts.Length; r++)
            {
                // peft's padding on the left takes positions behind virtual embeddings; ours never does.
                if (adapter.Prompt is IVirtualEmbeddings && mask[r][0] == 0)
                    continue;
                int decided = item.GetProperty("margins_top1_top2")[r].EnumerateArray().TakeWhile(margin => margin.GetDouble() > 1e-3).Count();
                Assert.Equal(want[r].Take(decided), got[r].Tokens.Take(decided));
                compared++;
            }
        }

        Assert.True(compared > 0);
    }

    private static int[][] Rows(JsonElement rows) => [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

    private static void Near(double want, double got) => Assert.True(Math.Abs(want - got) <= 1e-4 * (1 + Math.Abs(want)), $"{got}, reference {want}");

    private static void Close(string what, Tensor want, Tensor got, Tensor mask, double tolerance = LogitTolerance)
    {
        Assert.Equal(want.shape, got.shape);
        double worst = got.sub(want).abs().masked_fill(mask.logical_not().view([.. mask.shape, .. Enumerable.Repeat(1L, (int)(got.dim() - mask.dim()))]), 0).max().Number();
        Assert.True(worst <= tolerance, $"{what}: largest difference {worst:g3}");
    }

    internal sealed class PeftFixture : IDisposable
    {
        private readonly string _folder;
        private readonly Pretrained _pretrained;
        private readonly List<Adapter> _adapters = [];

        private PeftFixture(string folder, Pretrained pretrained)
        {
            _folder = folder;
            _pretrained = pretrained;
            Json = Shared.Json(folder, "expected.json");
            using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
            Expected = file.Weights.Keys.ToDictionary(key => key, key => file.Read(key).to(ModelFixture.Device).DetachFromDisposeScope());
        }

        public TransformerModel Model => _pretrained.Model;

        public JsonElement Json { get; }

        public Dictionary<string, Tensor> Expected { get; }

        public static PeftFixture Load(string folder, ScalarType weights = ScalarType.Float32)
        {
            ModelFixture.RequireDevice();
            JsonElement expected = Shared.Json(folder, "expected.json");
            string baseFolder = Path.Combine(folder, "..", expected.GetProperty("base").GetString()!);
            try
            {
                return new PeftFixture(folder, Pretrained.FromFolder(baseFolder, weights, ModelFixture.Device));
            }
            catch (UnsupportedModelException error)
            {
                Skip.If(true, error.Message);
                throw;
            }
        }

        /// <summary>The adapter of the folder or of a folder in it; to be trained on with the network that made its embeddings, which peft's own file lacks, where there is one.</summary>
        public Adapter Read(string below, bool continues = false)
        {
            string folder = Path.Combine(_folder, below), network = Path.Combine(folder, "prompt_encoder.safetensors");
            Adapter adapter = new PeftReader(folder, Model, new AdapterSites(Model, new WeightNames(_pretrained.Family, Model.Config))).Read(Path.GetFileName(_folder));
            _adapters.Add(adapter);
            if (continues && File.Exists(network))
                _adapters.Add(adapter = new Adapter(adapter.Name, adapter.Method, adapter.Options, adapter.Changed.Select(entry => KeyValuePair.Create(entry.Site, entry.Change.Copy()))) { Prompt = Network(Shared.Json(folder, "adapter_config.json"), network) });
            using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
            using Tensor finished = file.Read("prompt_embeddings").to(Model.Type, ModelFixture.Device), computed = adapter.Prompt!.Finished();
            Close("prompt_embeddings", finished, computed, ones_like(finished, ScalarType.Bool), adapter.Prompt.Parameters.Count > 1 ? 1e-6 : 0);
            return adapter;
        }

        private SoftPrompt Network(JsonElement config, string path)
        {
            int count = config.GetProperty("num_virtual_tokens").GetInt32(), width = config.GetProperty("encoder_hidden_size").GetInt32();
            SoftPrompt prompt = config.GetProperty("peft_type").GetString() == "PREFIX_TUNING"
                ? PrefixTuning.Create(new() { VirtualTokens = count, Projection = true, ProjectionWidth = width }, Model)
                : PTuning.Create(
                    new()
                    {
                        VirtualTokens = count,
                        HiddenWidth = width,
                        Encoder = config.GetProperty("encoder_reparameterization_type").GetString() == "LSTM" ? PromptEncoder.Lstm : PromptEncoder.Mlp,
                        LstmLayers = config.GetProperty("encoder_num_layers").GetInt32(),
                    },
                    Model);
            using SafetensorsFile file = SafetensorsFile.Open(path);
            Assert.Equal(file.Weights.Keys.Order(), prompt.Parameters.Select(parameter => parameter.Name).Order());
            foreach ((string name, Parameter value, _) in prompt.Parameters)
                Copy(value, file, name);
            return prompt;
        }

        private static void Copy(Parameter parameter, SafetensorsFile file, string name)
        {
            using var noGrad = no_grad();
            using Tensor value = file.Read(name);
            Assert.Equal(value.shape, parameter.shape);
            parameter.copy_(value);
        }

        public Batch Batch()
        {
            Tensor labels = Expected["input.labels"];
            Sequences input = Sequences.FromTensors(Expected["input.input_ids"], Expected["input.attention_mask"]);
            if (Model.Config.Encoder is null || Model.Config.Decoder is null)
                return new Batch(input, labels: labels.alias());
            Tensor start = full([labels.size(0), 1], Model.Config.DecoderStartTokenId!.Value, ScalarType.Int64, labels.device);
            Tensor shifted = cat([start, labels.narrow(1, 0, labels.size(1) - 1)], 1);
            return new Batch(input, Sequences.FromTensors(shifted.masked_fill(shifted.eq(Data.Batch.Ignore), Model.Config.PadTokenId!.Value)), labels.alias());
        }

        /// <summary>Logits as peft returns them: of decoders those behind virtual tokens come first.</summary>
        public Tensor Logits(Batch batch, ForwardContext view)
        {
            if (Model.Config.Head.Kind != HeadKind.LanguageModel)
                return Model.Logits(batch, view);
            using Hidden hidden = Model.Trunk.Run(batch, view);
            Tensor states = hidden.Prefix is null ? hidden.States : cat([hidden.Prefix, hidden.States], 1);
            return Model.TokenLogits(states, view);
        }

        /// <summary>Where logits mean something.</summary>
        public Tensor Mask(Batch batch, Adapter? adapter)
        {
            int virtualTokens = adapter?.Prompt is IVirtualEmbeddings ? adapter.VirtualTokens : 0;
            if (batch.Decoder is not null)
                return batch.Labels!.ne(Data.Batch.Ignore);
            if (Model.Config.Head.Kind == HeadKind.SequenceClassification)
                return ones([batch.Input.Count], ScalarType.Bool, ModelFixture.Device);
            Tensor own = Expected["input.attention_mask"].to(ScalarType.Bool);
            return cat([ones([own.size(0), virtualTokens], ScalarType.Bool, own.device), own], 1);
        }

        public void Dispose()
        {
            foreach (Tensor tensor in Expected.Values)
                tensor.Dispose();
            _adapters.ForEach(adapter => adapter.Dispose());
            _pretrained.Dispose();
        }
    }
}
