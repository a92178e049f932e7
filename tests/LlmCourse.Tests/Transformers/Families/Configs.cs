using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmCourse.Tests.Transformers.Families;

/// <summary>A small config.json of every family, complete enough to be read.</summary>
internal static class Configs
{
    private static readonly Dictionary<string, string> Texts = new()
    {
        ["t5"] = """{"model_type":"t5","architectures":["T5ForConditionalGeneration"],"vocab_size":20,"d_model":8,"d_kv":4,"d_ff":12,"num_layers":2,"num_heads":2}""",
        ["umt5"] = """{"model_type":"umt5","architectures":["UMT5ForConditionalGeneration"],"vocab_size":20,"d_model":8,"d_kv":4,"d_ff":12,"num_layers":2,"num_heads":2}""",
        ["bart"] = """{"model_type":"bart","architectures":["BartForConditionalGeneration"],"vocab_size":20,"d_model":8,"encoder_layers":1,"decoder_layers":2,"encoder_attention_heads":2,"decoder_attention_heads":2,"encoder_ffn_dim":12,"decoder_ffn_dim":12,"max_position_embeddings":16}""",
        ["llama"] = """{"model_type":"llama","architectures":["LlamaForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":1,"intermediate_size":12,"max_position_embeddings":16}""",
        ["mistral"] = """{"model_type":"mistral","architectures":["MistralForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16}""",
        ["qwen2"] = """{"model_type":"qwen2","architectures":["Qwen2ForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16}""",
        ["qwen3"] = """{"model_type":"qwen3","architectures":["Qwen3ForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16,"head_dim":4}""",
        ["phi3"] = """{"model_type":"phi3","architectures":["Phi3ForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16}""",
        ["smollm3"] = """{"model_type":"smollm3","architectures":["SmolLM3ForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16}""",
        ["olmo2"] = """{"model_type":"olmo2","architectures":["Olmo2ForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16}""",
        ["gpt_neox"] = """{"model_type":"gpt_neox","architectures":["GPTNeoXForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16,"rotary_pct":0.5}""",
        ["opt"] = """{"model_type":"opt","architectures":["OPTForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"ffn_dim":12,"max_position_embeddings":16}""",
        ["gpt2"] = """{"model_type":"gpt2","architectures":["GPT2LMHeadModel"],"vocab_size":20,"n_embd":8,"n_layer":2,"n_head":2,"n_positions":16}""",
        ["bert"] = """{"model_type":"bert","architectures":["BertForMaskedLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16}""",
        ["roberta"] = """{"model_type":"roberta","architectures":["RobertaForMaskedLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":18,"type_vocab_size":1}""",
        ["xlm-roberta"] = """{"model_type":"xlm-roberta","architectures":["XLMRobertaForMaskedLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":18,"type_vocab_size":1}""",
        ["distilbert"] = """{"model_type":"distilbert","architectures":["DistilBertForMaskedLM"],"vocab_size":20,"dim":8,"n_layers":2,"n_heads":2,"hidden_dim":12,"max_position_embeddings":16}""",
        ["electra"] = """{"model_type":"electra","architectures":["ElectraForMaskedLM"],"vocab_size":20,"embedding_size":6,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16}""",
        ["albert"] = """{"model_type":"albert","architectures":["AlbertForMaskedLM"],"vocab_size":20,"embedding_size":6,"hidden_size":8,"num_hidden_layers":4,"num_hidden_groups":2,"inner_group_num":2,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16}""",
        ["modernbert"] = """{"model_type":"modernbert","architectures":["ModernBertForMaskedLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":4,"num_attention_heads":2,"intermediate_size":12,"max_position_embeddings":16,"local_attention":6}""",
        ["gemma"] = """{"model_type":"gemma","architectures":["GemmaForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":1,"head_dim":6,"intermediate_size":12,"max_position_embeddings":16}""",
        ["gemma2"] = """{"model_type":"gemma2","architectures":["Gemma2ForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":1,"head_dim":6,"intermediate_size":12,"max_position_embeddings":16,"sliding_window":4}""",
        ["gemma3"] = """{"model_type":"gemma3_text","architectures":["Gemma3ForCausalLM"],"vocab_size":20,"hidden_size":8,"num_hidden_layers":7,"num_attention_heads":2,"num_key_value_heads":1,"head_dim":6,"intermediate_size":12,"max_position_embeddings":16,"sliding_window":4}""",
    };

    public static IReadOnlyCollection<string> Families => Texts.Keys;

    public static string Text(string family) => Texts[family];

    /// <summary>The configuration with other entries; a JSON null takes one away.</summary>
    public static JsonElement With(string family, string changes = "{}")
    {
        JsonObject config = JsonNode.Parse(Texts[family])!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(changes)!.AsObject())
        {
            config.Remove(key);
            if (value is not null)
                config[key] = value.DeepClone();
        }

        return JsonSerializer.SerializeToElement(config);
    }
}
