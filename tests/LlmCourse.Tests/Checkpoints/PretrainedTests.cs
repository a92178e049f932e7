using System.Diagnostics;
using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Tests.Transformers.Families;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

public sealed class PretrainedTests
{
    public static TheoryData<string> Families => new(Configs.Families);

    [SkippableTheory]
    [MemberData(nameof(Families))]
    public void Saved_and_loaded_again_it_is_the_same_to_the_bit(string family)
    {
        foreach (ScalarType type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16, ScalarType.Float64])
        {
            using TemporaryFolder first = new(), second = new();
            using Pretrained made = Make(family, type);
            made.Write(first.Path, long.MaxValue);
            using Pretrained loaded = Pretrained.FromFolder(first.Path, type, device: TestDevice.Device);
            Equal(made, loaded);
            loaded.Write(second.Path, maxShardBytes: 500);
            Assert.True(Directory.GetFiles(second.Path, "*.safetensors").Length > 1);
            using Pretrained again = Pretrained.FromFolder(second.Path, type, device: TestDevice.Device);
            Equal(made, again);
        }
    }

    [SkippableTheory]
    [InlineData(ScalarType.Float16, "float16")]
    [InlineData(ScalarType.BFloat16, "bfloat16")]
    [InlineData(ScalarType.Float64, "float64")]
    public void A_file_of_one_type_loads_into_another(ScalarType stored, string name)
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Make("gpt2", stored);
        made.Write(folder.Path, long.MaxValue);
        Assert.Equal(name, Pretrained.ReadConfig(folder.Path).GetProperty("dtype").GetString());
        foreach (ScalarType wanted in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float64])
        {
            using Pretrained loaded = Pretrained.FromFolder(folder.Path, wanted, device: TestDevice.Device);
            using var scope = NewDisposeScope();
            foreach (((_, var want), (_, var got)) in made.Model.NamedParameters.Zip(loaded.Model.NamedParameters))
            {
                Assert.Equal(wanted, got.dtype);
                TensorAssert.Same(want.to(wanted), got);
            }
        }
    }

    [SkippableFact]
    public void The_type_is_written_under_the_key_that_the_file_used()
    {
        using TemporaryFolder folder = new();
        JsonElement config = Configs.With("llama", """{"torch_dtype":"float32","my_key":[1,{"a":null}]}""");
        using Pretrained made = Pretrained.FromConfig(config, 1, ScalarType.BFloat16, device: TestDevice.Device);
        made.Write(folder.Path, long.MaxValue);
        JsonElement written = Pretrained.ReadConfig(folder.Path);
        Assert.Equal("bfloat16", written.GetProperty("torch_dtype").GetString());
        Assert.False(written.TryGetProperty("dtype", out _));
        Assert.Equal("""[1,{"a":null}]""", JsonSerializer.Serialize(written.GetProperty("my_key")));
        Assert.Equal("LlamaForCausalLM", written.GetProperty("architectures")[0].GetString());
        using SafetensorsFile file = SafetensorsFile.Open(folder["model.safetensors"]);
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [SkippableFact]
    public void All_that_is_wrong_with_the_tensors_is_in_one_error()
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Make("llama");
        Save(made, folder, weights =>
        {
            weights.RemoveAll(weight => weight.Name is "model.norm.weight" or "model.layers.1.mlp.up_proj.weight");
            int at = weights.FindIndex(weight => weight.Name == "model.layers.0.self_attn.k_proj.weight");
            weights[at] = PendingWeight.Of(weights[at].Name, zeros(3, 8, device: TestDevice.Device));
            weights.Add(PendingWeight.Of("model.layers.0.self_attn.q_proj.bias", zeros(8, device: TestDevice.Device)));
            weights.Add(PendingWeight.Of("classifier.weight", zeros(8, device: TestDevice.Device)));
        });
        string message = Assert.Throws<CheckpointException>(() => Pretrained.FromFolder(folder.Path, device: TestDevice.Device)).Message;
        Assert.Contains(folder.Path, message, StringComparison.Ordinal);
        Assert.Contains("missing tensors: model.layers.1.mlp.up_proj.weight, model.norm.weight.", message, StringComparison.Ordinal);
        Assert.Contains("tensors of another shape: model.layers.0.self_attn.k_proj.weight is [3, 8], config.json means [4, 8].", message, StringComparison.Ordinal);
        Assert.Contains("unexpected tensors: ", message, StringComparison.Ordinal);
        Assert.Contains("model.layers.0.self_attn.q_proj.bias", message, StringComparison.Ordinal);
        Assert.Contains("classifier.weight", message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("bert", "bert.embeddings.position_ids")]
    [InlineData("bert", "cls.seq_relationship.weight")]
    [InlineData("gpt2", "transformer.h.1.attn.bias")]
    [InlineData("bart", "model.encoder.version")]
    [InlineData("opt", "model.decoder.version")]
    [InlineData("llama", "model.layers.0.self_attn.rotary_emb.inv_freq")]
    public void What_is_known_to_mean_nothing_is_let_lie(string family, string extra)
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Make(family);
        Save(made, folder, weights => weights.Add(PendingWeight.Of(extra, zeros(2, device: TestDevice.Device))));
        using Pretrained loaded = Pretrained.FromFolder(folder.Path, device: TestDevice.Device);
        Equal(made, loaded);
    }

    [SkippableTheory]
    [InlineData("bart", "model.shared.weight", "model.decoder.embed_tokens.weight")]
    [InlineData("bart", "model.shared.weight", "model.encoder.embed_tokens.weight")]
    [InlineData("bart", "model.shared.weight", "lm_head.weight")]
    [InlineData("t5", "shared.weight", "decoder.embed_tokens.weight")]
    [InlineData("gpt2", "transformer.wte.weight", "lm_head.weight")]
    [InlineData("bert", "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight")]
    public void A_file_may_have_the_token_table_under_any_of_its_names(string family, string usual, string found)
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Make(family);
        Save(made, folder, weights => weights[weights.FindIndex(weight => weight.Name == usual)] = weights.Find(weight => weight.Name == usual)! with { Name = found });
        using Pretrained loaded = Pretrained.FromFolder(folder.Path, device: TestDevice.Device);
        Equal(made, loaded);
        Assert.True(loaded.Model.Config.Head.Tied);
    }

    [SkippableFact]
    public void Without_a_tie_the_outputs_matrix_is_no_token_table()
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Make("llama");
        Save(made, folder, weights => weights.RemoveAll(weight => weight.Name == "model.embed_tokens.weight"));
        Assert.Contains("missing tensors: model.embed_tokens.weight.", Assert.Throws<CheckpointException>(() => Pretrained.FromFolder(folder.Path, device: TestDevice.Device)).Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("bart", "BartModel", true)]
    [InlineData("gpt2", "GPT2Model", true)]
    [InlineData("llama", "LlamaModel", false)] // its output is a matrix that the file does not have
    [InlineData("bert", "BertModel", false)]
    public void A_decoder_without_a_head_is_a_language_model_where_its_output_is_known(string family, string architecture, bool predicts)
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Pretrained.FromConfig(Configs.With(family, $$"""{"architectures":["{{architecture}}"]}"""), 1, device: TestDevice.Device);
        made.Write(folder.Path, long.MaxValue);
        using Pretrained loaded = Pretrained.LanguageModelFromFolder(folder.Path, device: TestDevice.Device);
        Assert.Equal(predicts ? HeadKind.LanguageModel : HeadKind.None, loaded.Model.Config.Head.Kind);
        Equal(made, loaded);
    }

    // A table and what the family's files may call it a second time.
    public static TheoryData<string, string, string, bool> Copies => new()
    {
        { "bert", "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight", true },
        { "gpt2", "transformer.wte.weight", "lm_head.weight", true },
        { "gemma", "model.embed_tokens.weight", "lm_head.weight", true },
        { "t5", "shared.weight", "lm_head.weight", true },
        { "modernbert", "model.embeddings.tok_embeddings.weight", "decoder.weight", true },
        { "bart", "model.shared.weight", "model.decoder.embed_tokens.weight", false },
        { "t5", "shared.weight", "encoder.embed_tokens.weight", false },
        { "roberta", "lm_head.bias", "lm_head.decoder.bias", false },
    };

    [SkippableTheory]
    [MemberData(nameof(Copies))]
    public void A_copy_of_a_tied_tensor_may_stand_beside_it_or_in_its_place(string family, string name, string copy, bool _)
    {
        using Pretrained made = Make(family);
        foreach (bool inItsPlace in (bool[])[false, true])
        {
            using TemporaryFolder folder = new();
            Save(made, folder, weights =>
            {
                PendingWeight table = weights.Single(weight => weight.Name == name);
                if (inItsPlace)
                    weights.Remove(table);
                weights.Add(table with { Name = copy });
            });
            using Pretrained loaded = Pretrained.FromFolder(folder.Path, device: TestDevice.Device);
            Equal(made, loaded);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Copies))]
    public void What_should_be_a_copy_and_is_none_is_an_output_of_its_own_or_an_error(string family, string name, string copy, bool isOutput)
    {
        using Pretrained made = Make(family);
        using TemporaryFolder folder = new(), again = new();
        using Tensor other = zeros(made.Model.NamedParameters.Single(entry => entry.Name == (isOutput || name.Contains("shared", StringComparison.Ordinal) ? "embeddings.tokens.weight" : "head.output.bias")).Parameter.shape, device: TestDevice.Device);
        Save(made, folder, weights =>
        {
            Assert.Contains(weights, weight => weight.Name == name);
            weights.Add(PendingWeight.Of(copy, other));
        });
        if (!isOutput)
        {
            string message = Assert.Throws<CheckpointException>(() => Pretrained.FromFolder(folder.Path, device: TestDevice.Device)).Message;
            Assert.Contains($"{copy} differs from {name}", message, StringComparison.Ordinal);
            return;
        }

        using Pretrained loaded = Pretrained.FromFolder(folder.Path, device: TestDevice.Device);
        Assert.False(loaded.Model.Config.Head.Tied);
        loaded.Write(again.Path, long.MaxValue);
        using Pretrained saved = Pretrained.FromFolder(again.Path, device: TestDevice.Device);
        foreach (Pretrained model in (Pretrained[])[loaded, saved])
        {
            TensorAssert.Same(other, model.Model.NamedParameters.Single(entry => entry.Name == "head.output.weight").Parameter);
            TensorAssert.Same(made.Model.NamedParameters.Single(entry => entry.Name == "embeddings.tokens.weight").Parameter, model.Model.NamedParameters.Single(entry => entry.Name == "embeddings.tokens.weight").Parameter);
        }
    }

    [SkippableFact]
    public void A_base_models_file_has_no_prefix_and_an_old_one_says_gamma_and_beta()
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Make("bert");
        Save(made, folder, weights =>
        {
            for (int i = 0; i < weights.Count; i++)
            {
                string name = weights[i].Name.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal).Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal);
                weights[i] = weights[i] with { Name = name.StartsWith("bert.", StringComparison.Ordinal) ? name["bert.".Length..] : name };
            }
        });
        using SafetensorsFile file = SafetensorsFile.Open(folder["model.safetensors"]);
        Assert.Contains("embeddings.LayerNorm.gamma", file.Weights.Keys);
        using Pretrained loaded = Pretrained.FromFolder(folder.Path, device: TestDevice.Device);
        Equal(made, loaded);
    }

    [SkippableTheory]
    [InlineData("bert", "BertModel", "embeddings.word_embeddings.weight")]
    [InlineData("gpt2", "GPT2Model", "wte.weight")]
    [InlineData("llama", "LlamaModel", "embed_tokens.weight")]
    public void A_base_model_is_saved_as_one(string family, string architecture, string name)
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Pretrained.FromConfig(Configs.With(family, $$"""{"architectures":["{{architecture}}"]}"""), 1, device: TestDevice.Device);
        made.Write(folder.Path, long.MaxValue);
        using SafetensorsFile file = SafetensorsFile.Open(folder["model.safetensors"]);
        Assert.Contains(name, file.Weights.Keys);
        using Pretrained loaded = Pretrained.FromFolder(folder.Path, device: TestDevice.Device);
        Equal(made, loaded);
    }

    [SkippableTheory]
    [InlineData("llama", """{"num_hidden_layers":2147483647}""")]
    [InlineData("llama", """{"vocab_size":2147483647}""")]
    [InlineData("llama", """{"vocab_size":2147483647,"hidden_size":2147483647}""")]
    [InlineData("llama", """{"num_attention_heads":65536,"num_key_value_heads":65536,"head_dim":65536}""")]
    [InlineData("llama", """{"num_attention_heads":1,"num_key_value_heads":1,"head_dim":2147483646}""")]
    [InlineData("llama", """{"intermediate_size":2147483647}""")]
    [InlineData("llama", """{"max_position_embeddings":2147483647,"hidden_size":16}""")]
    [InlineData("gpt2", """{"n_positions":2147483647}""")]
    [InlineData("gpt2", """{"n_embd":536870912,"n_head":1}""")]
    [InlineData("t5", """{"num_layers":2147483647,"num_decoder_layers":2147483647}""")]
    [InlineData("t5", """{"relative_attention_num_buckets":2147483647,"relative_attention_max_distance":2147483647}""")]
    [InlineData("bert", """{"type_vocab_size":2147483647}""")]
    [InlineData("bert", """{"architectures":["BertForSequenceClassification"],"num_labels":2147483647}""")]
    [InlineData("bart", """{"decoder_ffn_dim":2147483647,"d_model":524288}""")]
    public void Absurd_sizes_are_compared_with_the_file_before_anything_is_allocated(string family, string changes)
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Make(family);
        made.Write(folder.Path, long.MaxValue);
        using IWeightSource source = WeightFolder.Open(folder.Path);
        long before = GC.GetAllocatedBytesForCurrentThread(), resident = Environment.WorkingSet, start = Stopwatch.GetTimestamp();
        Assert.ThrowsAny<LlmCourse.Runtime.LlmException>(() => Pretrained.From(Configs.With(family, changes), source, folder.Path, ScalarType.Float32, TestDevice.Device));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20L << 20);
        Assert.InRange(Environment.WorkingSet - resident, long.MinValue, 1L << 30); // other tests run beside this one
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5);
    }

    [SkippableFact]
    public void Loading_reports_its_progress_and_can_be_cancelled()
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Make("gpt2");
        made.Write(folder.Path, long.MaxValue);
        List<LoadProgress> reports = [];
        Pretrained.FromFolder(folder.Path, progress: new Listener(reports.Add), device: TestDevice.Device).Dispose();
        Assert.Equal(made.Model.NamedParameters.Count(), reports.Count);
        Assert.Equal(made.Model.ParameterCount * 4, reports[^1].Total);
        Assert.Equal(1, reports[^1].Fraction);
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => Pretrained.FromFolder(folder.Path, cancellationToken: cancelled.Token, device: TestDevice.Device));
    }

    [SkippableFact]
    public void A_llama_in_a_gguf_file_is_its_hugging_face_twin_biases_and_row_order_included()
    {
        using TemporaryFolder folder = new();
        using Pretrained twin = Pretrained.FromConfig(Configs.With("llama", """{"attention_bias":true,"rms_norm_eps":0.001}"""), 1, device: TestDevice.Device);
        Randomize(twin.Model);
        string path = folder.Write("x.gguf", TinyLlamaGguf.Build(twin));
        using GgufModel source = GgufModel.Open(path);
        using Pretrained loaded = Pretrained.From(source.Config, source, path, ScalarType.Float32, TestDevice.Device);
        Equal(twin, loaded);
        using Batch batch = new(Sequences.FromRows([[3, 4, 5, 6]], device: TestDevice.Device));
        using var noGrad = no_grad();
        using Tensor ours = loaded.Model.Logits(batch), theirs = twin.Model.Logits(batch);
        TensorAssert.Close(theirs, ours, 1e-5);
    }

    [SkippableFact]
    public void A_gguf_of_old_says_linear_scaling_in_its_own_way()
    {
        using Pretrained twin = TinyFamilies.Load("llama");
        using TemporaryFolder folder = new();
        string path = folder.Write("x.gguf", TinyLlamaGguf.Build(twin, more: file => file.Value("llama.rope.scale_linear", 6, writer => writer.Write(4f))));
        using GgufModel source = GgufModel.Open(path);
        using Pretrained loaded = Pretrained.From(source.Config, source, path, ScalarType.Float32, TestDevice.Device);
        Assert.Equal(new LinearScaling { Factor = 4 }, loaded.Model.Config.Decoder!.Positions.Scaling);
    }

    private static Pretrained Make(string family, ScalarType type = ScalarType.Float32)
    {
        Pretrained made = Pretrained.FromConfig(Configs.With(family), 1, type, device: TestDevice.Device);
        Randomize(made.Model);
        return made;
    }

    private static void Randomize(TransformerModel model)
    {
        using var noGrad = no_grad();
        using Generator generator = new(1, CPU);
        foreach ((_, var parameter) in model.NamedParameters)
        {
            using Tensor values = randn(parameter.shape, device: CPU, generator: generator);
            parameter.copy_(values);
        }
    }

    // One file with what `change` leaves of the model's tensors.
    private static void Save(Pretrained model, TemporaryFolder folder, Action<List<PendingWeight>> change)
    {
        using TemporaryFolder plain = new();
        model.Write(plain.Path, long.MaxValue);
        File.Copy(plain[Pretrained.ConfigFile], folder[Pretrained.ConfigFile]);
        using SafetensorsFile file = SafetensorsFile.Open(plain["model.safetensors"]);
        List<PendingWeight> weights = [.. file.Weights.Keys.Select(name => PendingWeight.Of(name, file.Read(name)))];
        change(weights);
        SafetensorsWriter.Write(folder["model.safetensors"], weights);
    }

    private static void Equal(Pretrained expected, Pretrained actual)
    {
        Assert.Equal(expected.Model.NamedParameters.Select(entry => entry.Name), actual.Model.NamedParameters.Select(entry => entry.Name));
        foreach (((_, var want), (_, var got)) in expected.Model.NamedParameters.Zip(actual.Model.NamedParameters))
            TensorAssert.Same(want, got);
    }

    private sealed class Listener(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }
}
