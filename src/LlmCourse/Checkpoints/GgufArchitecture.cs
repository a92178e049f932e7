using System.Text.Json.Nodes;

namespace LlmCourse.Checkpoints;

/// <summary>How an architecture of GGUF files says what a Hugging Face folder says.</summary>
internal sealed record GgufArchitecture
{
    /// <summary>general.architecture.</summary>
    public required string Name { get; init; }

    /// <summary>The modules of the file and of the folder, <c>{i}</c> standing for the layer.</summary>
    public required (string Theirs, string Ours)[] Modules { get; init; }

    /// <summary>The metadata as config.json; of the tensors it may ask which there are, and for values that are no weights.</summary>
    public required Func<GgufKeys, GgufModel, JsonObject> Config { get; init; }

    /// <summary>Whether rows of q and k stand in pairs.</summary>
    public bool PairsRows { get; init; }

    /// <summary>Whether norms were stored with 1 added.</summary>
    public bool AddsOneToNorms { get; init; }

    /// <summary>Whether the folder has its layers' matrices as [input, output].</summary>
    public bool Transposes { get; init; }

    /// <summary>Tensors that are settings, not weights.</summary>
    public string[] Settings { get; init; } = [];

    /// <summary>All that can be read.</summary>
    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        new() { Name = "llama", Modules = Decoder(), Config = GgufConfigs.Llama, PairsRows = true, Settings = ["rope_freqs.weight"] },
        new() { Name = "qwen2", Modules = Decoder(), Config = GgufConfigs.Qwen2 },
        new() { Name = "qwen3", Modules = Decoder([.. HeadNorms]), Config = GgufConfigs.Qwen3 },
        new() { Name = "gemma", Modules = Decoder(), Config = GgufConfigs.Gemma, AddsOneToNorms = true },
        new() { Name = "gemma2", Modules = Decoder([.. FourNorms]), Config = GgufConfigs.Gemma2, AddsOneToNorms = true },
        new() { Name = "gemma3", Modules = Decoder([.. FourNorms, .. HeadNorms]), Config = GgufConfigs.Gemma3, AddsOneToNorms = true },
        new()
        {
            Name = "phi3",
            Modules = Decoder(("blk.{i}.attn_qkv", "model.layers.{i}.self_attn.qkv_proj"), ("blk.{i}.ffn_up", "model.layers.{i}.mlp.gate_up_proj")),
            Config = GgufConfigs.Phi3,
            Settings = ["rope_factors_long.weight", "rope_factors_short.weight"],
        },
        new()
        {
            Name = "gpt2",
            Modules =
            [
                ("token_embd", "transformer.wte"), ("position_embd", "transformer.wpe"), ("output_norm", "transformer.ln_f"), ("output", "lm_head"),
                ("blk.{i}.attn_norm", "transformer.h.{i}.ln_1"), ("blk.{i}.attn_qkv", "transformer.h.{i}.attn.c_attn"),
                ("blk.{i}.attn_output", "transformer.h.{i}.attn.c_proj"), ("blk.{i}.ffn_norm", "transformer.h.{i}.ln_2"),
                ("blk.{i}.ffn_up", "transformer.h.{i}.mlp.c_fc"), ("blk.{i}.ffn_down", "transformer.h.{i}.mlp.c_proj"),
            ],
            Config = GgufConfigs.Gpt2,
            Transposes = true,
        },
    ];

    private static (string, string)[] HeadNorms =>
        [("blk.{i}.attn_q_norm", "model.layers.{i}.self_attn.q_norm"), ("blk.{i}.attn_k_norm", "model.layers.{i}.self_attn.k_norm")];

    private static (string, string)[] FourNorms =>
    [
        ("blk.{i}.post_attention_norm", "model.layers.{i}.post_attention_layernorm"),
        ("blk.{i}.ffn_norm", "model.layers.{i}.pre_feedforward_layernorm"),
        ("blk.{i}.post_ffw_norm", "model.layers.{i}.post_feedforward_layernorm"),
    ];

    /// <summary>The folder's name of a tensor; its own where it is not known, so that it is reported as unexpected.</summary>
    public string HuggingFaceName(string name)
    {
        string[] parts = name.Split('.');
        string layer = parts is ["blk", string number, _, _] ? number : "", kind = parts[^1];
        string module = string.Join('.', layer.Length > 0 ? [parts[0], "{i}", parts[2]] : parts[..^1]);
        string? ours = Array.Find(Modules, pair => pair.Theirs == module).Ours;
        return ours is null ? name : $"{ours.Replace("{i}", layer, StringComparison.Ordinal)}.{kind}";
    }

    /// <summary>A decoder as llama has it, with what an architecture names otherwise or has more.</summary>
    private static (string, string)[] Decoder(params (string Theirs, string Ours)[] others)
    {
        (string Theirs, string Ours)[] usual =
        [
            ("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head"),
            ("blk.{i}.attn_norm", "model.layers.{i}.input_layernorm"),
            ("blk.{i}.attn_q", "model.layers.{i}.self_attn.q_proj"), ("blk.{i}.attn_k", "model.layers.{i}.self_attn.k_proj"),
            ("blk.{i}.attn_v", "model.layers.{i}.self_attn.v_proj"), ("blk.{i}.attn_output", "model.layers.{i}.self_attn.o_proj"),
            ("blk.{i}.ffn_norm", "model.layers.{i}.post_attention_layernorm"),
            ("blk.{i}.ffn_gate", "model.layers.{i}.mlp.gate_proj"), ("blk.{i}.ffn_up", "model.layers.{i}.mlp.up_proj"),
            ("blk.{i}.ffn_down", "model.layers.{i}.mlp.down_proj"),
        ];
        return [.. others, .. usual.Where(pair => !Array.Exists(others, other => other.Theirs == pair.Theirs))];
    }
}
