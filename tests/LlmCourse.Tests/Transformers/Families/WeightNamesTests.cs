using System.Text.Json;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers.Families;

public sealed class WeightNamesTests
{
    public static TheoryData<string> Names => new(Configs.Families);

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_weight_of_a_family_has_a_name_of_its_own(string name)
    {
        (WeightNames names, TransformerModel model) = Make(name);
        using (model)
        {
            string[] theirs = [.. model.NamedParameters.Select(entry => names.Of(entry.Name).Name)];
            Assert.Equal(theirs.Length, theirs.Distinct().Count());
        }
    }

    [Theory]
    [InlineData("umt5", "decoder.1.relative_bias.weight", "decoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight", false)]
    [InlineData("t5", "decoder.1.cross.q.weight", "decoder.block.1.layer.1.EncDecAttention.q.weight", false)]
    [InlineData("bart", "encoder.0.feedforward.norm.bias", "model.encoder.layers.0.final_layer_norm.bias", false)]
    [InlineData("bart", "decoder.1.cross.norm.weight", "model.decoder.layers.1.encoder_attn_layer_norm.weight", false)]
    [InlineData("llama", "decoder.1.feedforward.gate.weight", "model.layers.1.mlp.gate_proj.weight", false)]
    [InlineData("gpt2", "decoder.0.self.qkv.weight", "transformer.h.0.attn.c_attn.weight", true)]
    [InlineData("gpt2", "decoder.0.self.qkv.bias", "transformer.h.0.attn.c_attn.bias", false)]
    [InlineData("bert", "encoder.1.self.o.weight", "bert.encoder.layer.1.attention.output.dense.weight", false)]
    [InlineData("bert", "head.output.bias", "cls.predictions.bias", false)]
    [InlineData("phi3", "decoder.1.self.qkv.weight", "model.layers.1.self_attn.qkv_proj.weight", false)]
    [InlineData("phi3", "decoder.0.feedforward.gate_up.weight", "model.layers.0.mlp.gate_up_proj.weight", false)]
    [InlineData("gpt_neox", "decoder.0.self.qkv.bias", "gpt_neox.layers.0.attention.query_key_value.bias", false)]
    [InlineData("qwen3", "decoder.1.self.k_norm.weight", "model.layers.1.self_attn.k_norm.weight", false)]
    [InlineData("olmo2", "decoder.1.self.output_norm.weight", "model.layers.1.post_attention_layernorm.weight", false)]
    [InlineData("opt", "decoder.1.feedforward.norm.weight", "model.decoder.layers.1.final_layer_norm.weight", false)]
    [InlineData("roberta", "head.norm.weight", "lm_head.layer_norm.weight", false)]
    [InlineData("xlm-roberta", "head.dense.weight", "lm_head.dense.weight", false)]
    [InlineData("distilbert", "encoder.1.self.norm.bias", "distilbert.transformer.layer.1.sa_layer_norm.bias", false)]
    [InlineData("electra", "encoder.embedding_projection.weight", "electra.embeddings_project.weight", false)]
    [InlineData("electra", "head.output.bias", "generator_lm_head.bias", false)]
    [InlineData("albert", "encoder.3.feedforward.down.weight", "albert.encoder.albert_layer_groups.1.albert_layers.1.ffn_output.weight", false)]
    [InlineData("modernbert", "encoder.0.feedforward.gate_up.weight", "model.layers.0.mlp.Wi.weight", false)]
    [InlineData("gemma", "decoder.1.feedforward.norm.weight", "model.layers.1.post_attention_layernorm.weight", false)]
    [InlineData("gemma2", "decoder.1.feedforward.norm.weight", "model.layers.1.pre_feedforward_layernorm.weight", false)]
    [InlineData("gemma3", "decoder.6.self.k_norm.weight", "model.layers.6.self_attn.k_norm.weight", false)]
    public void Ours_becomes_theirs(string family, string ours, string theirs, bool transposed)
    {
        (WeightNames names, TransformerModel model) = Make(family);
        model.Dispose();
        Assert.Equal(new WeightNames.TensorName(theirs, transposed), names.Of(ours));
    }

    [Fact]
    public void A_module_may_have_another_name_in_files()
    {
        (WeightNames names, TransformerModel model) = Make("gpt_neox");
        model.Dispose();
        WeightNames.TensorName output = names.Of("head.output.weight"), norm = names.Of("decoder.final_norm.weight");
        Assert.Equal(("lm_head.weight", "embed_out.weight"), (output.Name, output.Stored));
        Assert.Equal(norm.Name, norm.Stored);
    }

    [Fact]
    public void A_name_may_lack_the_prefix_or_be_an_old_one()
    {
        (WeightNames names, TransformerModel model) = Make("bert");
        model.Dispose();
        Assert.Equal(
            ["bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight", "embeddings.LayerNorm.gamma"],
            names.Candidates("bert.embeddings.LayerNorm.weight"));
        Assert.Equal(["cls.predictions.bias"], names.Candidates("cls.predictions.bias"));
    }

    [Theory]
    [InlineData("bert", "bert.embeddings.position_ids", true)]
    [InlineData("bert", "embeddings.position_ids", true)]
    [InlineData("bert", "bert.pooler.dense.bias", true)]
    [InlineData("bert", "bert.embeddings.position_ids2", false)]
    [InlineData("gpt2", "transformer.h.11.attn.masked_bias", true)]
    [InlineData("gpt2", "h.11.attn.bias", true)]
    [InlineData("gpt2", "transformer.h.x.attn.bias", false)]
    [InlineData("llama", "model.layers.3.self_attn.rotary_emb.inv_freq", true)]
    [InlineData("t5", "decoder.embed_tokens.weight", true)]
    [InlineData("t5", "decoder.embed_tokens.bias", false)]
    public void Leftovers_are_an_explicit_list(string family, string name, bool leftover)
    {
        (WeightNames names, TransformerModel model) = Make(family);
        model.Dispose();
        Assert.Equal(leftover, names.IsLeftover(name));
    }

    [Fact]
    public void Only_a_tied_output_shares_its_bias_with_the_head()
    {
        JsonElement untied = Configs.With("albert", """{"tie_word_embeddings":false}""");
        WeightNames names = new(Family.Of(untied), Family.Of(untied).Config(untied));
        Assert.Equal("predictions.decoder.bias", names.Of("head.output.bias").Name);
        Assert.True(names.IsLeftover("predictions.bias"));
        (WeightNames tied, TransformerModel model) = Make("albert");
        model.Dispose();
        Assert.Equal("predictions.bias", tied.Of("head.output.bias").Name);
        Assert.True(tied.IsLeftover("predictions.decoder.bias"));
    }

    private static (WeightNames Names, TransformerModel Model) Make(string name)
    {
        Family family = Family.Of(Configs.With(name));
        TransformerConfig config = family.Config(Configs.With(name));
        return (new WeightNames(family, config), new TransformerModel(config, ScalarType.Float32, META));
    }
}
