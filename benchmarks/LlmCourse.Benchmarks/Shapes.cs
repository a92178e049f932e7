using System.Text.Json;

namespace LlmCourse.Benchmarks;

/// <summary>Models that are made from a configuration, with random weights.</summary>
internal static class Shapes
{
    public const string TinyT5 = "tiny-t5";
    public const string T5Small = "t5-small";

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
        _ => null,
    };

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
