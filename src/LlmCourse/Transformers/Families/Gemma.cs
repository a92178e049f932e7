namespace LlmCourse.Transformers.Families;

/// <summary>
/// Gemma (Gemma Team 2024): Llama with norms whose weights count from 1, tokens scaled by √D, GELU gates, and a head size of its own.
/// </summary>
internal static class Gemma
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["gemma"],
        Read = Read,
        Modules = Modules,
        BasePrefix = "model.",
        Leftovers = ["model.layers.*.self_attn.rotary_emb.inv_freq", "lm_head.weight"],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        config.Only("use_bidirectional_attention", "false");
        // Files of the first release say gelu and mean its approximation; hidden_activation, which some have beside it, nobody reads any more.
        TransformerConfig read = Read(config, "GemmaForCausalLM", config.Text("hidden_act") == "gelu" ? Activation.GeluTanh : config.Activation("gelu_pytorch_tanh", "hidden_act"));
        return read with { Decoder = read.Decoder! with { Positions = Rope.Read(config, read.Decoder.HeadSize) } };
    }

    /// <summary>The window of a model that has layers with one.</summary>
    internal static int Window(ConfigReader config) => config.IsNull("sliding_window") ? config.Int("sliding_window") : config.OptionalInt("sliding_window") ?? 4096;

    /// <summary>What all Gemmas have in common.</summary>
    internal static TransformerConfig Read(ConfigReader config, string otherwise, Activation activation)
    {
        HeadKind kind = Heads.Kind(config, otherwise);
        int width = config.Int("hidden_size"), headSize = config.OptionalInt("head_dim") ?? 256;
        bool attentionBias = config.Flag("attention_bias", false);
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = width,
            Decoder = new StackConfig
            {
                Layers = config.Layers("num_hidden_layers"),
                Heads = config.Int("num_attention_heads"),
                KeyValueHeads = config.Int("num_key_value_heads"),
                HeadSize = headSize,
                FeedForwardWidth = config.Int("intermediate_size"),
                Causal = true,
                Positions = new PositionConfig { Kind = PositionKind.Rotary },
                Norm = new NormConfig { Kind = NormKind.Rms, Epsilon = config.Number(1e-6, "rms_norm_eps"), UnitOffset = true, Final = true },
                Activation = activation,
                Gated = true,
                QueryKeyValueBias = attentionBias,
                OutputBias = attentionBias,
                EmbeddingScale = Math.Sqrt(width),
                RoundedEmbeddingScale = true,
                AttentionDropout = config.Number(0, "attention_dropout"),
            },
            Head = kind switch
            {
                HeadKind.LanguageModel => new HeadConfig { Kind = kind, Tied = config.Flag("tie_word_embeddings", true) },
                HeadKind.SequenceClassification => Heads.Classifier(config, kind, dropout: 0),
                HeadKind.TokenClassification => Heads.Classifier(config, kind, config.Number(0.1, "classifier_dropout", "hidden_dropout")) with { Bias = true },
                HeadKind.None => new HeadConfig(),
                _ => throw Heads.Unsupported("Gemma", kind),
            },
            InitializerRange = config.Number(0.02, "initializer_range"),
            PadTokenId = config.OptionalInt("pad_token_id") ?? 0,
            BosTokenId = config.Id("bos_token_id", 2),
            EosTokenIds = config.Ids("eos_token_id", 1),
        };
    }

    internal static ModuleName[] Modules(TransformerConfig config)
    {
        string stack = config.Decoder is null ? "encoder" : "decoder";
        bool sandwich = config.Last.Norm.Placement == NormPlacement.Sandwich;
        return
        [
            new("embeddings.tokens", "model.embed_tokens"),
            new($"{stack}.{{i}}.self.norm", "model.layers.{i}.input_layernorm"),
            .. new[] { "q", "k", "v", "o" }.Select(part => new ModuleName($"{stack}.{{i}}.self.{part}", $"model.layers.{{i}}.self_attn.{part}_proj")),
            new($"{stack}.{{i}}.self.q_norm", "model.layers.{i}.self_attn.q_norm"),
            new($"{stack}.{{i}}.self.k_norm", "model.layers.{i}.self_attn.k_norm"),
            .. sandwich
                ? new ModuleName[]
                {
                    new($"{stack}.{{i}}.self.output_norm", "model.layers.{i}.post_attention_layernorm"),
                    new($"{stack}.{{i}}.feedforward.norm", "model.layers.{i}.pre_feedforward_layernorm"),
                    new($"{stack}.{{i}}.feedforward.output_norm", "model.layers.{i}.post_feedforward_layernorm"),
                }
                : [new($"{stack}.{{i}}.feedforward.norm", "model.layers.{i}.post_attention_layernorm")],
            .. new[] { "gate", "up", "down" }.Select(part => new ModuleName($"{stack}.{{i}}.feedforward.{part}", $"model.layers.{{i}}.mlp.{part}_proj")),
            new($"{stack}.final_norm", "model.norm"),
            new("head.output", config.Head.Kind is HeadKind.SequenceClassification or HeadKind.TokenClassification ? "score" : "lm_head"),
        ];
    }
}
