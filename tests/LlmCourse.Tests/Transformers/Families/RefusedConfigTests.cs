using System.Text.Json;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;

namespace LlmCourse.Tests.Transformers.Families;

/// <summary>What config.json may not say, and how it is told.</summary>
public sealed class RefusedConfigTests
{
    [Theory]
    [InlineData("t5", "d_model")]
    [InlineData("t5", "num_heads")]
    [InlineData("bart", "encoder_ffn_dim")]
    [InlineData("bart", "max_position_embeddings")]
    [InlineData("llama", "hidden_size")]
    [InlineData("llama", "intermediate_size")]
    [InlineData("gpt2", "n_positions")]
    [InlineData("bert", "num_hidden_layers")]
    [InlineData("roberta", "vocab_size")]
    [InlineData("distilbert", "hidden_dim")]
    [InlineData("albert", "max_position_embeddings")]
    [InlineData("modernbert", "intermediate_size")]
    [InlineData("gemma", "num_key_value_heads")]
    public void A_key_that_is_needed_is_named(string family, string key)
    {
        ConfigException error = Assert.Throws<ConfigException>(() => Read(Configs.With(family, $$"""{"{{key}}":null}""")));
        Assert.Contains($"lacks \"{key}\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t5", "num_layers", "\"two\"")]
    [InlineData("t5", "dropout_rate", "[0.1]")]
    [InlineData("bart", "d_model", "8.5")]
    [InlineData("bart", "scale_embedding", "1")]
    [InlineData("llama", "vocab_size", "3000000000")]
    [InlineData("llama", "eos_token_id", "[1,\"2\"]")]
    [InlineData("llama", "rope_parameters", "7")]
    [InlineData("gpt2", "scale_attn_weights", "\"yes\"")]
    [InlineData("bert", "layer_norm_eps", "\"small\"")]
    [InlineData("bert", "architectures", "\"BertModel\"")]
    [InlineData("roberta", "hidden_act", "3")]
    public void A_value_of_the_wrong_kind_is_named_and_shown(string family, string key, string value)
    {
        ConfigException error = Assert.Throws<ConfigException>(() => Read(Configs.With(family, $$"""{"{{key}}":{{value}}}""")));
        Assert.Contains($"\"{key}\" must be", error.Message, StringComparison.Ordinal);
        Assert.Contains(value, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(FamilyTests.Names), MemberType = typeof(FamilyTests))]
    public void More_layers_than_any_model_has_are_refused_before_anything_is_made_for_each(string family)
    {
        foreach (string key in (string[])["num_hidden_layers", "num_layers", "num_decoder_layers", "encoder_layers", "decoder_layers", "n_layer", "n_layers"])
        {
            if (!Configs.With(family).TryGetProperty(key, out _))
                continue;
            JsonElement config = Configs.With(family, $"{{\"{key}\":2147483647}}");

            long before = GC.GetAllocatedBytesForCurrentThread();
            var error = Assert.Throws<ConfigException>(() => Family.Of(config).Config(config));

            Assert.Contains($"\"{key}\" speaks of 2147483647 layers", error.Message, StringComparison.Ordinal);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
    }

    [Theory]
    [InlineData("t5", "feed_forward_proj", "\"gated-mish\"")]
    [InlineData("llama", "partial_rotary_factor", "0.5")]
    [InlineData("gemma3", "rope_parameters", """{"rope_type":"linear","factor":8.0}""")]
    [InlineData("t5", "is_encoder_decoder", "false")]
    [InlineData("t5", "architectures", "[\"T5ForQuestionAnswering\"]", "T5ForQuestionAnswering")]
    [InlineData("t5", "architectures", "[\"T5ForSequenceClassification\"]", "SequenceClassification")]
    [InlineData("bart", "activation_function", "\"mish\"")]
    [InlineData("bart", "normalize_before", "true")]
    [InlineData("bart", "encoder_layerdrop", "0.1")]
    [InlineData("bart", "decoder_layerdrop", "0.1")]
    [InlineData("llama", "quantization_config", """{"quant_method":"gptq","bits":4}""", "gptq", "quantization_config")]
    [InlineData("llama", "quantization", """{"group_size":64,"bits":4}""", "quantization", ".gguf")]
    [InlineData("llama", "compression_config", """{"quant_method":"compressed-tensors"}""", "compression_config", "compressed-tensors")]
    [InlineData("bart", "architectures", "[\"BartForQuestionAnswering\"]", "BartForQuestionAnswering")]
    [InlineData("llama", "rope_scaling", """{"rope_type":"proportional","factor":2.0}""", "proportional", "rope_type")]
    [InlineData("llama", "rope_parameters", """{"type":"mrope","factor":2.0}""", "mrope", "rope_type")]
    [InlineData("llama", "rope_parameters", """{"full_attention":{"rope_type":"default"}}""", "full_attention")]
    [InlineData("llama", "hidden_act", "\"mish\"")]
    [InlineData("gpt2", "add_cross_attention", "true")]
    [InlineData("gpt2", "activation_function", "\"laplace\"")]
    [InlineData("bert", "position_embedding_type", "\"relative_key\"")]
    [InlineData("bert", "is_decoder", "true")]
    [InlineData("bert", "hidden_act", "\"quick_gelu\"")]
    [InlineData("opt", "layerdrop", "0.1")]
    [InlineData("olmo2", "architectures", "[\"Olmo2ForTokenClassification\"]", "TokenClassification")]
    [InlineData("opt", "architectures", "[\"OPTForQuestionAnswering\"]", "OPTForQuestionAnswering")]
    [InlineData("qwen2", "layer_types", "[\"chunked_attention\",\"full_attention\"]", "chunked_attention")]
    [InlineData("roberta", "position_embedding_type", "\"relative_key_query\"")]
    [InlineData("distilbert", "activation", "\"mish\"")]
    [InlineData("distilbert", "architectures", "[\"DistilBertForQuestionAnswering\"]", "DistilBertForQuestionAnswering")]
    [InlineData("electra", "is_decoder", "true")]
    [InlineData("modernbert", "classifier_pooling", "\"max\"")]
    [InlineData("modernbert", "layer_types", """["full_attention","full_attention","full_attention","linear_attention"]""", "linear_attention", "layer_types")]
    [InlineData("gemma", "use_bidirectional_attention", "true")]
    [InlineData("gemma2", "use_bidirectional_attention", "true")]
    [InlineData("gemma3", "use_bidirectional_attention", "true")]
    [InlineData("gemma3", "attn_logit_softcapping", "50.0")]
    public void A_value_that_would_change_results_and_is_not_supported_is_named(string family, string key, string value, params string[] also)
    {
        UnsupportedModelException error = Assert.Throws<UnsupportedModelException>(() => Read(Configs.With(family, $$"""{"{{key}}":{{value}}}""")));
        foreach (string part in also.Length > 0 ? also : [$"\"{key}\"", value])
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bert", "BertForSequenceClassification")]
    [InlineData("roberta", "RobertaForSequenceClassification")]
    [InlineData("llama", "LlamaForSequenceClassification")]
    [InlineData("gpt2", "GPT2ForSequenceClassification")]
    public void An_unknown_problem_type_is_named(string family, string architecture)
    {
        UnsupportedModelException error = Assert.Throws<UnsupportedModelException>(
            () => Read(Configs.With(family, $$"""{"architectures":["{{architecture}}"],"problem_type":"ranking"}""")));
        Assert.Contains("\"problem_type\": \"ranking\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model_type":"unheard-of"}""", "\"unheard-of\" is not supported; supported: t5, mt5, umt5, bart, llama")]
    [InlineData("""{"model_type":"unheard-of","text_config":{}}""", ".gguf")]
    [InlineData("{}", "lacks \"model_type\"")]
    [InlineData("[]", "must hold an object")]
    [InlineData("""{"model_type":3}""", "\"model_type\" must be a string, found 3")]
    [InlineData("""{"model_type":"\ud800"}""", "\"model_type\" must be text")]
    [InlineData("""{"\ud800":1}""", "")]
    public void A_model_type_that_is_none_is_refused(string config, string message)
    {
        Exception error = Assert.ThrowsAny<LlmCourse.Runtime.LlmException>(() => Family.Of(JsonDocument.Parse(config).RootElement));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpt2", """{"n_embd":2147483647}""")]
    [InlineData("bart", """{"max_position_embeddings":2147483647}""")]
    [InlineData("roberta", """{"pad_token_id":2147483647}""")]
    [InlineData("roberta", """{"pad_token_id":-9}""")]
    [InlineData("llama", """{"num_attention_heads":2147483647,"num_key_value_heads":2147483647,"head_dim":2147483646}""")]
    [InlineData("llama", """{"num_attention_heads":0}""")]
    [InlineData("llama", """{"num_key_value_heads":3}""")]
    [InlineData("llama", """{"vocab_size":2147483647,"hidden_size":2147483646}""")]
    [InlineData("llama", """{"hidden_size":-8}""")]
    [InlineData("llama", """{"rope_theta":-1.0}""")]
    [InlineData("llama", """{"rope_scaling":{"type":"linear","factor":0}}""")]
    [InlineData("t5", """{"relative_attention_num_buckets":1}""")]
    [InlineData("bert", """{"hidden_dropout_prob":1.5}""")]
    [InlineData("albert", """{"num_hidden_groups":5}""")]
    [InlineData("albert", """{"num_hidden_groups":0}""")]
    [InlineData("albert", """{"inner_group_num":0}""")]
    [InlineData("albert", """{"num_hidden_layers":100000,"inner_group_num":100000}""")]
    [InlineData("albert", """{"embedding_size":-1}""")]
    [InlineData("electra", """{"embedding_size":2147483647,"vocab_size":2147483647}""")]
    [InlineData("modernbert", """{"local_attention":-2}""")]
    [InlineData("gemma3", """{"sliding_window":0}""")]
    [InlineData("gemma3", """{"sliding_window_pattern":0}""")]
    public void Sizes_that_no_model_can_have_are_refused_and_do_not_overflow(string family, string changes) =>
        Assert.Contains("describes no possible model", Assert.Throws<ConfigException>(() => Read(Configs.With(family, changes))).Message, StringComparison.Ordinal);

    private static TransformerConfig Read(JsonElement config) => Family.Of(config).Config(config);
}
