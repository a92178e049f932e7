using System.Text.Json;
using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

public sealed class GgufModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llama", "llama", "input_layernorm, post_attention_layernorm, self_attn.q_proj, self_attn.k_proj, self_attn.v_proj, self_attn.o_proj, mlp.gate_proj, mlp.up_proj, mlp.down_proj")]
    [InlineData("qwen2", "qwen2", "input_layernorm, post_attention_layernorm, self_attn.q_proj, self_attn.k_proj, self_attn.v_proj, self_attn.o_proj, mlp.gate_proj, mlp.up_proj, mlp.down_proj")]
    [InlineData("qwen3", "qwen3", "input_layernorm, post_attention_layernorm, self_attn.q_norm, self_attn.k_norm, self_attn.q_proj, self_attn.k_proj, self_attn.v_proj, self_attn.o_proj, mlp.gate_proj, mlp.up_proj, mlp.down_proj")]
    [InlineData("gemma", "gemma", "input_layernorm, post_attention_layernorm, self_attn.q_proj, self_attn.k_proj, self_attn.v_proj, self_attn.o_proj, mlp.gate_proj, mlp.up_proj, mlp.down_proj")]
    [InlineData("gemma2", "gemma2", "input_layernorm, post_attention_layernorm, pre_feedforward_layernorm, post_feedforward_layernorm, self_attn.q_proj, self_attn.k_proj, self_attn.v_proj, self_attn.o_proj, mlp.gate_proj, mlp.up_proj, mlp.down_proj")]
    [InlineData("gemma3", "gemma3_text", "input_layernorm, post_attention_layernorm, pre_feedforward_layernorm, post_feedforward_layernorm, self_attn.q_norm, self_attn.k_norm, self_attn.q_proj, self_attn.k_proj, self_attn.v_proj, self_attn.o_proj, mlp.gate_proj, mlp.up_proj, mlp.down_proj")]
    [InlineData("phi3", "phi3", "input_layernorm, post_attention_layernorm, self_attn.qkv_proj, self_attn.o_proj, mlp.gate_up_proj, mlp.down_proj")]
    public void Decoders_have_the_names_and_settings_of_their_folders(string architecture, string type, string modules)
    {
        using GgufModel model = Open(GgufModelBytes.Tiny(architecture));
        string[] expected = [.. modules.Split(", ").Select(module => $"model.layers.0.{module}.weight"), "model.embed_tokens.weight", "model.norm.weight"];
        Assert.Equal(expected.Order(), model.Weights.Keys.Where(name => name.EndsWith("weight", StringComparison.Ordinal)).Order());
        JsonElement config = model.Config;
        Assert.Equal(type, config.GetProperty("model_type").GetString());
        string[] keys = ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size", "max_position_embeddings"];
        Assert.Equal([5, 8, 1, 2, 1, 4, 6, 32], keys.Select(key => config.GetProperty(key).GetInt32()));
        Assert.Equal((1e-5, true), (config.GetProperty("rms_norm_eps").GetDouble(), config.GetProperty("tie_word_embeddings").GetBoolean()));
    }

    [Fact]
    public void Gpt2_is_turned_to_how_its_folder_stores_it()
    {
        using GgufModel model = Open(GgufModelBytes.Tiny("gpt2"));
        Assert.Equal([8, 24], model.Weights["transformer.h.0.attn.c_attn.weight"].Shape);
        Assert.Equal([5, 8], model.Weights["transformer.wte.weight"].Shape);
        using Tensor turned = model.Read("transformer.h.0.mlp.c_fc.weight");
        Assert.Equal([1, 9, 17, 25, 33, 41, 2, 10], turned.data<float>().Take(8)); // columns of [6, 8]
        using Tensor table = model.Read("transformer.wpe.weight");
        Assert.Equal([1, 2], table.data<float>().Take(2));
        using Pretrained loaded = Pretrained.From(model.Config, model, "x.gguf", ScalarType.Float32, CPU);
        Assert.Equal(1e-5, loaded.Model.Config.Decoder!.Norm.Epsilon);
    }

    [Theory]
    [InlineData("llama", 1, 1)]
    [InlineData("qwen3", 1, 1)]
    [InlineData("gemma", 0, 1)]
    [InlineData("gemma3", 0, 1)]
    public void Only_gemma_has_one_added_to_its_norms_and_only_llama_pairs_rows(string architecture, float firstOfNorm, float firstOfRows)
    {
        using GgufModel model = Open(GgufModelBytes.Tiny(architecture));
        foreach (string norm in model.Weights.Keys.Where(name => name.Contains("norm", StringComparison.Ordinal)))
        {
            using Tensor weight = model.Read(norm);
            Assert.Equal((norm, firstOfNorm), (norm, weight.data<float>()[0]));
        }

        using Tensor rows = model.Read("model.layers.0.self_attn.q_proj.weight");
        // Rows of 8 numbers; the second row of a head of 4 is its third in a llama's file.
        Assert.Equal((firstOfRows, architecture == "llama" ? 17f : 9f), (rows.data<float>()[0], rows.data<float>()[8]));
    }

    [Fact]
    public void Gemma_s_windows_scales_and_caps_are_those_that_its_code_has()
    {
        JsonElement two = Config(GgufModelBytes.Tiny("gemma2", layers: 3).Value("gemma2.attn_logit_softcapping", 6, writer => writer.Write(7f)));
        Assert.Equal((7, 30, 4096, 4), (two.GetProperty("attn_logit_softcapping").GetDouble(), two.GetProperty("final_logit_softcapping").GetDouble(), two.GetProperty("sliding_window").GetInt32(), two.GetProperty("query_pre_attn_scalar").GetInt32()));
        Assert.Equal(["sliding_attention", "full_attention", "sliding_attention"], Types(two));
        Assert.Equal("gelu_pytorch_tanh", two.GetProperty("hidden_activation").GetString());

        JsonElement large = Config(GgufModelBytes.Tiny("gemma2", layers: 46).Value("gemma2.attention.key_length", 4, writer => writer.Write(128u)));
        Assert.Equal(4, large.GetProperty("query_pre_attn_scalar").GetInt32()); // width 8 over 2 heads, not 128

        JsonElement three = Config(GgufModelBytes.Tiny("gemma3", layers: 7)
            .Value("gemma3.rope.freq_base", 6, writer => writer.Write(1e6f))
            .Value("gemma3.rope.scaling.type", 8, writer => GgufBytes.Text(writer, "linear"))
            .Value("gemma3.rope.scaling.factor", 6, writer => writer.Write(8f)));
        Assert.Equal(["sliding_attention", "sliding_attention", "sliding_attention", "sliding_attention", "sliding_attention", "full_attention", "sliding_attention"], Types(three));
        JsonElement rope = three.GetProperty("rope_parameters");
        Assert.Equal((1e6, "linear", 8), (rope.GetProperty("full_attention").GetProperty("rope_theta").GetDouble(), rope.GetProperty("full_attention").GetProperty("rope_type").GetString(), rope.GetProperty("full_attention").GetProperty("factor").GetDouble()));
        Assert.Equal((10_000, "default"), (rope.GetProperty("sliding_attention").GetProperty("rope_theta").GetDouble(), rope.GetProperty("sliding_attention").GetProperty("rope_type").GetString()));

        static string[] Types(JsonElement config) => [.. config.GetProperty("layer_types").EnumerateArray().Select(type => type.GetString()!)];
    }

    [Fact]
    public void Phi3_has_its_factors_as_tensors()
    {
        GgufBytes file = GgufModelBytes.Tiny("phi3").Value("phi3.rope.scaling.original_context_length", 4, writer => writer.Write(16u)).Value("phi3.rope.scaling.attn_factor", 6, writer => writer.Write(1.19f));
        JsonElement config = Config(GgufModelBytes.Tensor(GgufModelBytes.Tensor(file, "rope_factors_long.weight", 2), "rope_factors_short.weight", 2));
        JsonElement rope = config.GetProperty("rope_parameters");
        Assert.Equal(("longrope", 16, 1.19), (rope.GetProperty("rope_type").GetString(), config.GetProperty("original_max_position_embeddings").GetInt32(), rope.GetProperty("attention_factor").GetDouble()));
        Assert.Equal("[1,2]", rope.GetProperty("long_factor").GetRawText().Replace(".0", "", StringComparison.Ordinal));
        Assert.Contains("rope_factors_short", Refused(GgufModelBytes.Tensor(GgufModelBytes.Tiny("phi3"), "rope_factors_long.weight", 2)), StringComparison.Ordinal);
    }

    [Fact]
    public void Llama3_s_scaling_is_recognised_by_its_numbers_and_others_are_refused()
    {
        // Heads of 4 have the frequencies 1 and 1/100 at base 10000: waves of 6.28 (short: 1) and 628 (short too); at base 1e8, 6.28 and 62832 (long: the factor).
        GgufBytes Factors(params float[] factors) => GgufModelBytes.Tiny("llama")
            .Value("llama.rope.freq_base", 6, writer => writer.Write(1e8f)).Tensor("rope_freqs.weight", 0, [(ulong)factors.Length], GgufBytes.Floats(factors));
        JsonElement rope = Config(Factors(1, 32)).GetProperty("rope_parameters");
        Assert.Equal(("llama3", 32, 1, 4, 8192), (rope.GetProperty("rope_type").GetString(), rope.GetProperty("factor").GetDouble(), rope.GetProperty("low_freq_factor").GetDouble(), rope.GetProperty("high_freq_factor").GetDouble(), rope.GetProperty("original_max_position_embeddings").GetInt32()));
        Assert.Contains("rope_freqs", Refused(Factors(2, 32)), StringComparison.Ordinal);
        Assert.Contains("rope_freqs", Refused(Factors(1, 1)), StringComparison.Ordinal);
        Assert.Contains("rope_freqs", Refused(Factors(1, 32, 32)), StringComparison.Ordinal);
    }

    [Fact]
    public void Yarn_and_partial_rotation_keep_their_numbers()
    {
        JsonElement rope = Config(GgufModelBytes.Tiny("qwen2")
            .Value("qwen2.rope.dimension_count", 4, writer => writer.Write(2u))
            .Value("qwen2.rope.scaling.type", 8, writer => GgufBytes.Text(writer, "yarn"))
            .Value("qwen2.rope.scaling.factor", 6, writer => writer.Write(4f))
            .Value("qwen2.rope.scaling.original_context_length", 4, writer => writer.Write(16u))).GetProperty("rope_parameters");
        Assert.Equal(("yarn", 4, 16, 0.5), (rope.GetProperty("rope_type").GetString(), rope.GetProperty("factor").GetDouble(), rope.GetProperty("original_max_position_embeddings").GetInt32(), rope.GetProperty("partial_rotary_factor").GetDouble()));
    }

    [Theory]
    [InlineData("logit_scale")]
    [InlineData("attention.sliding_window")]
    [InlineData("rope.scaling.yarn_log_multiplier")]
    [InlineData("something.new")]
    public void A_setting_that_nobody_knows_is_refused(string key) =>
        Assert.Contains($"llama.{key} = 0.5", Refused(GgufModelBytes.Tiny("llama").Value($"llama.{key}", 6, writer => writer.Write(0.5f))), StringComparison.Ordinal);

    [Fact]
    public void What_cannot_be_read_is_named()
    {
        Assert.Contains("\"mamba\"", Refused(new GgufBytes().Value("general.architecture", 8, writer => GgufBytes.Text(writer, "mamba"))), StringComparison.Ordinal);
        Assert.Contains("general.architecture", Refused(new GgufBytes()), StringComparison.Ordinal);
        Assert.Contains("expert_count", Refused(GgufModelBytes.Tiny("qwen3").Value("qwen3.expert_count", 4, writer => writer.Write(8u))), StringComparison.Ordinal);
        Assert.Contains("values", Refused(GgufModelBytes.Tiny("gemma").Value("gemma.attention.value_length", 4, writer => writer.Write(2u))), StringComparison.Ordinal);
    }

    private JsonElement Config(GgufBytes file)
    {
        using GgufModel model = Open(file);
        return model.Config;
    }

    private GgufModel Open(GgufBytes file) => GgufModel.Open(_folder.Write("x.gguf", file.Build()));

    private string Refused(GgufBytes file) => Assert.Throws<CheckpointException>(() => Open(file)).Message;
}
