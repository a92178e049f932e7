using System.Text.Json;
using LlmCourse.Checkpoints;

namespace LlmCourse.Benchmarks;

/// <summary>Models that are made from a configuration, with random weights.</summary>
internal static class Shapes
{
    public const string Command = "shape";
    public const string TinyT5 = "tiny-t5";
    public const string T5Small = "t5-small";
    private const string Gpt2 = "gpt2";
    private const string BartBase = "bart-base";
    private const string BertBase = "bert-base";
    private const string Gemma3 = "gemma-3-270m";

    /// <summary>The configuration of a shape, or null where the name is none.</summary>
    public static JsonElement? Config(string name) => name switch
    {
        T5Small => Parse("""
            {"model_type":"t5","architectures":["T5ForConditionalGeneration"],"vocab_size":32128,"d_model":512,"d_kv":64,"d_ff":2048,"num_layers":6,
            "num_decoder_layers":6,"num_heads":8,"relative_attention_num_buckets":32,"relative_attention_max_distance":128,"pad_token_id":0,"eos_token_id":1,
            "decoder_start_token_id":0,"feed_forward_proj":"relu","tie_word_embeddings":true,"dropout_rate":0.1}
            """),
        TinyT5 => Parse("""
            {"model_type":"t5","architectures":["T5ForConditionalGeneration"],"vocab_size":2048,"d_model":128,"d_kv":32,"d_ff":256,"num_layers":3,
            "num_decoder_layers":3,"num_heads":4,"relative_attention_num_buckets":32,"relative_attention_max_distance":128,"pad_token_id":0,"eos_token_id":1,
            "decoder_start_token_id":0,"feed_forward_proj":"gated-gelu","tie_word_embeddings":false,"dropout_rate":0.1}
            """),
        Gpt2 => Parse("""
            {"model_type":"gpt2","architectures":["GPT2LMHeadModel"],"vocab_size":50257,"n_positions":1024,"n_embd":768,"n_layer":12,"n_head":12,
            "activation_function":"gelu_new","layer_norm_epsilon":1e-5,"bos_token_id":50256,"eos_token_id":50256}
            """),
        BartBase => Parse("""
            {"model_type":"bart","architectures":["BartForConditionalGeneration"],"vocab_size":50265,"d_model":768,"encoder_layers":6,"decoder_layers":6,
            "encoder_attention_heads":12,"decoder_attention_heads":12,"encoder_ffn_dim":3072,"decoder_ffn_dim":3072,"activation_function":"gelu",
            "max_position_embeddings":1024,"pad_token_id":1,"bos_token_id":0,"eos_token_id":2,"decoder_start_token_id":2}
            """),
        BertBase => Parse("""
            {"model_type":"bert","architectures":["BertForMaskedLM"],"vocab_size":30522,"hidden_size":768,"num_hidden_layers":12,"num_attention_heads":12,
            "intermediate_size":3072,"hidden_act":"gelu","max_position_embeddings":512,"type_vocab_size":2,"layer_norm_eps":1e-12,"pad_token_id":0}
            """),
        Gemma3 => Parse("""
            {"model_type":"gemma3_text","architectures":["Gemma3ForCausalLM"],"vocab_size":262144,"hidden_size":640,"intermediate_size":2048,
            "num_hidden_layers":18,"num_attention_heads":4,"num_key_value_heads":1,"head_dim":256,"hidden_activation":"gelu_pytorch_tanh",
            "max_position_embeddings":32768,"rms_norm_eps":1e-6,"rope_theta":1000000.0,"rope_local_base_freq":10000.0,"sliding_window":512,
            "sliding_window_pattern":6,"query_pre_attn_scalar":256,"pad_token_id":0,"bos_token_id":2,"eos_token_id":1,"tie_word_embeddings":true}
            """),
        _ => null,
    };

    /// <summary>A shape as a folder with random weights, which any stack can read; whoever asks for it deletes it. Null where the name is none.</summary>
    public static string? Folder(string name)
    {
        if (Config(name) is null)
            return null;
        string folder = Path.Combine(Path.GetTempPath(), $"llmcourse-{name}-{Environment.ProcessId}");
        using Peer other = Peer.StartOurselves(Command, name, folder); // in a process of its own: this one's memory will be measured
        return folder;
    }

    /// <summary>Writes that folder.</summary>
    public static void Write(string name, string folder)
    {
        using Pretrained model = Pretrained.FromConfig(Config(name) ?? throw new ArgumentException($"There is no shape {name}."), 1);
        Directory.CreateDirectory(folder);
        model.Write(folder, long.MaxValue);
        Console.WriteLine("ready");
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
