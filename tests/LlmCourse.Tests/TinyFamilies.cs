using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;

namespace LlmCourse.Tests;

/// <summary>Random models of every family, small enough for a test, with weights large enough that tokens differ.</summary>
internal static class TinyFamilies
{
    public const int Vocabulary = 48;

    private const string T5 = """
        {"model_type":"t5","architectures":["T5ForConditionalGeneration"],"vocab_size":48,"d_model":24,"d_kv":8,"d_ff":40,"num_layers":2,"num_decoder_layers":3,
        "num_heads":4,"relative_attention_num_buckets":8,"relative_attention_max_distance":16,"pad_token_id":0,"eos_token_id":1,"decoder_start_token_id":0
        """;

    private const string Llama = """
        "vocab_size":48,"hidden_size":32,"intermediate_size":40,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,
        "max_position_embeddings":256,"initializer_range":0.3
        """;

    // As smooth as Galactica's: finite differences and half precision meet no kink.
    private const string Opt = """
        {"model_type":"opt","architectures":["OPTForCausalLM"],"vocab_size":48,"hidden_size":32,"ffn_dim":40,"num_hidden_layers":2,"num_attention_heads":4,
        "max_position_embeddings":64,"init_std":0.3,"activation_function":"gelu"
        """;

    private const string Gemma = """
        "vocab_size":48,"hidden_size":32,"intermediate_size":40,"num_hidden_layers":3,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":6,
        "max_position_embeddings":256,"initializer_range":0.3,"sliding_window":4,"query_pre_attn_scalar":9
        """;

    private static readonly string[] Both = ["t5", "t5-gated", "umt5", "bart"];
    private static readonly string[] OnlyDecoder = ["llama", "gpt2", "mistral", "qwen2", "qwen3", "phi3", "smollm3", "olmo2", "gemma", "gemma2", "gemma3", "gpt-neox", "opt", "opt-350m"];
    private static readonly string[] ByLength = ["llama-dynamic", "phi3-long"];
    private static readonly string[] OnlyEncoder = ["bert", "xlm-roberta", "distilbert", "electra", "albert", "modernbert"];

    public static IEnumerable<string> Names => [.. Both, .. OnlyDecoder, .. OnlyEncoder];

    public static IEnumerable<string> NamesByLength => ByLength;

    public static TheoryData<string> All => [.. Names];

    public static TheoryData<string> LanguageModels => [.. Both, .. OnlyDecoder];

    public static TheoryData<string> Decoders => [.. OnlyDecoder];

    public static TheoryData<string> EncoderDecoders => [.. Both];

    public static TheoryData<string> Encoders => [.. OnlyEncoder];

    /// <summary>Language models, and those whose rotary frequencies depend on a row's length, which changes them beyond 8 tokens.</summary>
    public static TheoryData<string> Generators => [.. Both, .. OnlyDecoder, .. ByLength];

    public static JsonElement Config(string name)
    {
        using JsonDocument document = JsonDocument.Parse(name switch
        {
            "t5" => T5 + ""","feed_forward_proj":"relu","tie_word_embeddings":true}""",
            "t5-gated" => T5 + ""","feed_forward_proj":"gated-gelu","tie_word_embeddings":false}""",
            "umt5" => T5.Replace("\"t5\"", "\"umt5\"", StringComparison.Ordinal) + "}",
            "llama" => """
                {"model_type":"llama","architectures":["LlamaForCausalLM"],"vocab_size":48,"hidden_size":32,"intermediate_size":40,"num_hidden_layers":2,
                "num_attention_heads":4,"num_key_value_heads":2,"hidden_act":"silu","max_position_embeddings":256,"initializer_range":0.4,"rms_norm_eps":1e-6,
                "tie_word_embeddings":false,"rope_theta":10000.0}
                """,
            "gpt2" => """
                {"model_type":"gpt2","architectures":["GPT2LMHeadModel"],"vocab_size":48,"n_embd":32,"n_head":4,"n_layer":2,"n_positions":64,"initializer_range":0.3}
                """,
            "bart" => """
                {"model_type":"bart","architectures":["BartForConditionalGeneration"],"vocab_size":48,"d_model":24,"encoder_layers":2,"decoder_layers":2,
                "encoder_attention_heads":4,"decoder_attention_heads":4,"encoder_ffn_dim":40,"decoder_ffn_dim":40,"max_position_embeddings":64,"init_std":0.4,
                "scale_embedding":true,"activation_function":"gelu","pad_token_id":0,"bos_token_id":1,"eos_token_id":2,"decoder_start_token_id":2}
                """,
            "bert" => """
                {"model_type":"bert","architectures":["BertForMaskedLM"],"vocab_size":48,"hidden_size":32,"num_hidden_layers":2,"num_attention_heads":4,
                "intermediate_size":48,"max_position_embeddings":64,"type_vocab_size":2,"hidden_act":"gelu","initializer_range":0.3}
                """,
            "xlm-roberta" => """
                {"model_type":"xlm-roberta","architectures":["XLMRobertaForMaskedLM"],"vocab_size":48,"hidden_size":32,"num_hidden_layers":2,"num_attention_heads":4,
                "intermediate_size":48,"max_position_embeddings":66,"type_vocab_size":1,"pad_token_id":1,"hidden_act":"gelu","initializer_range":0.3}
                """,
            "distilbert" => """
                {"model_type":"distilbert","architectures":["DistilBertForMaskedLM"],"vocab_size":48,"dim":32,"n_layers":2,"n_heads":4,"hidden_dim":48,
                "max_position_embeddings":64,"activation":"gelu","initializer_range":0.3}
                """,
            "electra" => """
                {"model_type":"electra","architectures":["ElectraForMaskedLM"],"vocab_size":48,"embedding_size":24,"hidden_size":32,"num_hidden_layers":2,
                "num_attention_heads":4,"intermediate_size":48,"max_position_embeddings":64,"type_vocab_size":2,"initializer_range":0.3}
                """,
            "albert" => """
                {"model_type":"albert","architectures":["AlbertForMaskedLM"],"vocab_size":48,"embedding_size":24,"hidden_size":32,"num_hidden_layers":2,
                "num_hidden_groups":1,"inner_group_num":2,"num_attention_heads":4,"intermediate_size":48,"max_position_embeddings":64,"type_vocab_size":2,
                "initializer_range":0.2}
                """,
            "modernbert" => """
                {"model_type":"modernbert","architectures":["ModernBertForMaskedLM"],"vocab_size":48,"hidden_size":32,"num_hidden_layers":3,"num_attention_heads":4,
                "intermediate_size":40,"max_position_embeddings":256,"local_attention":6,"global_attn_every_n_layers":2,"pad_token_id":0,"initializer_range":0.2}
                """,
            "llama-dynamic" => """{"model_type":"llama","rope_scaling":{"type":"dynamic","factor":4.0},""" + Llama.Replace("256", "8", StringComparison.Ordinal) + "}",
            "mistral" => """{"model_type":"mistral","sliding_window":4,""" + Llama + "}",
            "qwen2" => """{"model_type":"qwen2","use_sliding_window":true,"sliding_window":3,"max_window_layers":1,"tie_word_embeddings":true,""" + Llama + "}",
            "qwen3" => """{"model_type":"qwen3","head_dim":12,"rope_scaling":{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":32},""" + Llama + "}",
            "phi3" => """{"model_type":"phi3","partial_rotary_factor":0.5,"resid_pdrop":0.1,""" + Llama + "}",
            "phi3-long" => """{"model_type":"phi3","original_max_position_embeddings":8,"rope_scaling":{"type":"su","short_factor":[1,1.1,1.2,1.3],"long_factor":[1,2,3,4]},""" + Llama + "}",
            "smollm3" => """{"model_type":"smollm3","no_rope_layers":[0,1],"use_sliding_window":true,"sliding_window":5,""" + Llama + "}",
            "olmo2" => """{"model_type":"olmo2",""" + Llama + "}",
            "gpt-neox" => """
                {"model_type":"gpt_neox","architectures":["GPTNeoXForCausalLM"],"vocab_size":48,"hidden_size":32,"intermediate_size":40,"num_hidden_layers":2,
                "num_attention_heads":4,"max_position_embeddings":256,"rotary_pct":0.5,"hidden_dropout":0.1,"initializer_range":0.3}
                """,
            "opt" => Opt + ""","enable_bias":false,"layer_norm_elementwise_affine":false}""",
            "opt-350m" => Opt + ""","do_layer_norm_before":false,"word_embed_proj_dim":24}""",
            "gemma" => """{"model_type":"gemma","architectures":["GemmaForCausalLM"],""" + Gemma + "}",
            "gemma2" => """{"model_type":"gemma2","architectures":["Gemma2ForCausalLM"],"attn_logit_softcapping":2.0,"final_logit_softcapping":5.0,""" + Gemma + "}",
            "gemma3" => """{"model_type":"gemma3_text","architectures":["Gemma3ForCausalLM"],"sliding_window_pattern":2,""" + Gemma + "}",
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such model."),
        });
        return document.RootElement.Clone();
    }

    public static Pretrained Load(string name, long seed = 7) => Pretrained.FromConfig(Config(name), seed, device: TestDevice.Device);

    public static TransformerModel Model(string name, long seed = 7) => Load(name, seed).Model;

    /// <summary>Rows of tokens that depend on the seed alone.</summary>
    public static int[][] Rows(int seed, params int[] lengths)
    {
        Random random = new(seed);
        return [.. lengths.Select(length => Enumerable.Range(0, length).Select(_ => random.Next(3, Vocabulary)).ToArray())];
    }

    /// <summary>A batch to learn from, for a model of any kind.</summary>
    public static Batch Batch(TransformerModel model, int[][] rows) => model.Config switch
    {
        { Encoder: not null, Decoder: not null } => LlmCourse.Data.Batch.ForEncoderDecoder(rows, [.. rows.Select(row => row.Reverse().ToArray())], model.Config.DecoderStartTokenId!.Value, padId: 0, device: model.Device),
        _ => LlmCourse.Data.Batch.ForDecoder(rows, device: model.Device),
    };

    /// <summary>The largest difference of two tensors of one shape.</summary>
    public static double Difference(torch.Tensor first, torch.Tensor second)
    {
        Assert.Equal(first.shape, second.shape);
        using var scope = torch.NewDisposeScope();
        return first.cpu().sub(second.cpu()).abs().max().Number();
    }

    public static void Close(torch.Tensor expected, torch.Tensor actual, double tolerance, string what = "")
    {
        double difference = Difference(expected, actual);
        Assert.True(difference <= tolerance, $"{what}: largest difference {difference:g3}, tolerance {tolerance:g3}");
    }

    public static void SameBits(torch.Tensor expected, torch.Tensor actual, string what = "")
    {
        Assert.Equal(expected.shape, actual.shape);
        using torch.Tensor one = expected.cpu(), other = actual.cpu();
        Assert.True(one.bytes.SequenceEqual(other.bytes), $"{what}: bits differ");
    }
}
