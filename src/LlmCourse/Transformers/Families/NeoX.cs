namespace LlmCourse.Transformers.Families;

/// <summary>
/// GPT-NeoX and Pythia (Black et al. 2022; Biderman et al. 2023): attention and feed-forward side by side, a quarter of each head
/// rotated, q, k and v of one head after the other in one matrix.
/// </summary>
internal static class NeoX
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["gpt_neox"],
        Read = Read,
        Modules = Modules,
        BasePrefix = "gpt_neox.",
        Leftovers = ["gpt_neox.layers.*.attention.bias", "gpt_neox.layers.*.attention.masked_bias", "gpt_neox.layers.*.attention.rotary_emb.inv_freq", "embed_out.weight", "lm_head.weight"],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        HeadKind kind = Heads.Kind(config, "GPTNeoXForCausalLM");
        int headSize = Llama.HeadSize(config);
        bool attentionBias = config.Flag("attention_bias", true);
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = config.Int("hidden_size"),
            Decoder = new StackConfig
            {
                Layers = config.Layers("num_hidden_layers"),
                Heads = config.Int("num_attention_heads"),
                HeadSize = headSize,
                FeedForwardWidth = config.Int("intermediate_size"),
                Causal = true,
                FusedQueryKeyValue = true,
                QueryKeyValueByHead = true,
                ParallelResidual = config.Flag("use_parallel_residual", true),
                Positions = Rope.Read(config, headSize, config.Number(10_000, "rotary_emb_base"), config.Number(0.25, "rotary_pct")),
                Norm = new NormConfig { Kind = NormKind.Layer, Epsilon = config.Number(1e-5, "layer_norm_eps"), Final = true },
                Activation = config.Activation("gelu", "hidden_act"),
                QueryKeyValueBias = attentionBias,
                OutputBias = attentionBias,
                FeedForwardBias = true,
                Dropout = config.Number(0, "hidden_dropout"),
                AttentionDropout = config.Number(0, "attention_dropout"),
            },
            Head = Heads.OfDecoder(config, kind, "GPT-NeoX"),
            InitializerRange = config.Number(0.02, "initializer_range"),
            PadTokenId = config.OptionalInt("pad_token_id"),
            BosTokenId = config.Id("bos_token_id", 0),
            EosTokenIds = config.Ids("eos_token_id", 2),
        };
    }

    private static ModuleName[] Modules(TransformerConfig config) =>
    [
        new("embeddings.tokens", "gpt_neox.embed_in"),
        new("decoder.{i}.self.norm", "gpt_neox.layers.{i}.input_layernorm"),
        new("decoder.{i}.self.qkv", "gpt_neox.layers.{i}.attention.query_key_value"),
        new("decoder.{i}.self.o", "gpt_neox.layers.{i}.attention.dense"),
        new("decoder.{i}.feedforward.norm", "gpt_neox.layers.{i}.post_attention_layernorm"),
        new("decoder.{i}.feedforward.up", "gpt_neox.layers.{i}.mlp.dense_h_to_4h"),
        new("decoder.{i}.feedforward.down", "gpt_neox.layers.{i}.mlp.dense_4h_to_h"),
        new("decoder.final_norm", "gpt_neox.final_layer_norm"),
        config.Head.Kind switch
        {
            HeadKind.SequenceClassification => new("head.output", "score"),
            HeadKind.TokenClassification => new("head.output", "classifier"),
            _ => new("head.output", "lm_head", Stored: "embed_out"),
        },
    ];
}
