using System.Text.Json;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;

namespace LlmCourse.Tests.Transformers.Families;

public sealed class FamilyTests
{
    public static TheoryData<string> Names => new(Configs.Families);

    [Theory]
    [MemberData(nameof(Names))]
    public void Harmless_unknown_keys_and_nulls_are_tolerated(string family)
    {
        TransformerConfig plain = Read(Configs.With(family)), more = Read(Configs.With(family,
            """{"transformers_version":"9.9","use_cache":true,"_name_or_path":"x","some_new_key":{"a":[1]},"torch_dtype":"bfloat16","task_specific_params":{}}"""));
        Assert.Equal(Show(plain), Show(more));
    }

    [Fact]
    public void Old_and_new_words_for_rotary_positions_mean_the_same()
    {
        PositionConfig old = Positions("""{"rope_theta":500.0,"rope_scaling":{"type":"linear","factor":2.0}}"""),
            recent = Positions("""{"rope_parameters":{"rope_theta":500.0,"rope_type":"linear","factor":2.0}}""");
        Assert.Equal(old, recent);
        Assert.Equal((500, new LinearScaling { Factor = 2 }), (recent.Theta, recent.Scaling));
        PositionConfig llama3 = Positions("""{"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192}}""");
        Assert.Equal(new Llama3Scaling { Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalLength = 8192 }, llama3.Scaling);
        Assert.Null(Positions("""{"rope_parameters":{"rope_type":"default","rope_theta":10000.0}}""").Scaling);
        ConfigException error = Assert.Throws<ConfigException>(() => Positions("""{"rope_scaling":{"rope_type":"llama3","factor":8.0}}"""));
        Assert.Contains("low_freq_factor", error.Message, StringComparison.Ordinal);
        Assert.Equal(new DynamicScaling { Factor = 3, OriginalLength = 16 }, Positions("""{"rope_scaling":{"type":"dynamic","factor":3.0}}""").Scaling);
        Assert.Equal(new YarnScaling { Factor = 4, OriginalLength = 8, BetaFast = 2, Truncate = false }, Positions("""{"rope_scaling":{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":8,"beta_fast":2,"truncate":false}}""").Scaling);
        // (0.1 · 2 · ln 4 + 1) / (0.1 · 0.5 · ln 4 + 1), as DeepSeek has it.
        Assert.Equal(((0.2 * Math.Log(4)) + 1) / ((0.05 * Math.Log(4)) + 1), Positions("""{"rope_scaling":{"rope_type":"yarn","factor":4.0,"mscale":2.0,"mscale_all_dim":0.5}}""").Scaling!.Amplitude, 1e-12);
        Assert.Equal(1.5, Positions("""{"rope_scaling":{"rope_type":"yarn","factor":4.0,"mscale":2.0,"mscale_all_dim":0.5,"attention_factor":1.5}}""").Scaling!.Amplitude);
        // The original length beside the scaling counts more than in it; the factor is how much longer the context is.
        LongScaling su = Assert.IsType<LongScaling>(Positions("""{"original_max_position_embeddings":4,"rope_scaling":{"type":"su","original_max_position_embeddings":8,"short_factor":[1,2],"long_factor":[3,4]}}""").Scaling);
        Assert.Equal((4, 4.0, 2.0, 3.0), (su.OriginalLength, su.Factor, su.ShortFactors[1], su.LongFactors[0]));
        // Phi-3 has 4096 wherever none stands beside the scaling, and 131072 / 4096 = 32.
        const string Phi = """{"max_position_embeddings":131072,"rope_scaling":{"type":"longrope","original_max_position_embeddings":8,"short_factor":[1,2],"long_factor":[3,4]}}""";
        LongScaling phi = Assert.IsType<LongScaling>(Read(Configs.With("phi3", Phi)).Decoder!.Positions.Scaling);
        Assert.Equal((4096, 32), (phi.OriginalLength, phi.Factor));
        static PositionConfig Positions(string changes) => Read(Configs.With("llama", changes)).Decoder!.Positions;
    }

    [Fact]
    public void Windows_are_where_a_family_has_them()
    {
        Assert.Equal([4096, 4096], Windows("mistral", "{}"));
        Assert.Equal([4, 4], Windows("mistral", """{"sliding_window":4}"""));
        Assert.Equal([4, null], Windows("mistral", """{"sliding_window":4,"layer_types":["sliding_attention","full_attention"]}"""));
        Assert.Empty(Windows("mistral", """{"sliding_window":null}""", nulls: "sliding_window"));
        Assert.Empty(Windows("qwen2", """{"sliding_window":4,"max_window_layers":0}"""));
        Assert.Equal([null, 4], Windows("qwen2", """{"use_sliding_window":true,"sliding_window":4,"max_window_layers":1}"""));
        Assert.Equal([4, null], Windows("qwen3", """{"use_sliding_window":true,"sliding_window":4,"layer_types":["sliding_attention","full_attention"]}"""));
        Assert.Empty(Windows("qwen3", """{"use_sliding_window":true}""", nulls: "sliding_window"));
        Assert.Empty(Windows("phi3", "{}"));
        Assert.Equal([5, 5], Windows("phi3", """{"sliding_window":5}"""));
        Assert.Equal([null, 4], Windows("smollm3", """{"use_sliding_window":true,"sliding_window":4,"no_rope_layers":[1,0]}"""));
        foreach (string family in (string[])["qwen2", "smollm3", "phi3"])
        {
            ConfigException error = Assert.Throws<ConfigException>(() => Windows(family, """{"layer_types":["sliding_attention","full_attention"]}"""));
            Assert.Contains("no \"sliding_window\" in use", error.Message, StringComparison.Ordinal);
        }

        static IReadOnlyList<int?> Windows(string family, string changes, string? nulls = null)
        {
            System.Text.Json.Nodes.JsonObject config = System.Text.Json.Nodes.JsonNode.Parse(Configs.With(family, changes).GetRawText())!.AsObject();
            if (nulls is not null)
                config[nulls] = null; // there, and null
            return Read(JsonSerializer.SerializeToElement(config)).Decoder!.Windows;
        }
    }

    [Fact]
    public void Decoders_differ_where_their_papers_or_files_do()
    {
        StackConfig Stack(string family, string changes = "{}") => Read(Configs.With(family, changes)).Decoder!;
        Assert.Equal((true, false, false), (Stack("qwen2").QueryKeyValueBias, Stack("qwen2").OutputBias, Stack("qwen2").QueryKeyNorm));
        Assert.Equal((true, false, true, 128), (Stack("qwen3").QueryKeyNorm, Stack("qwen3").JointQueryKeyNorm, Stack("qwen3", """{"attention_bias":true}""").OutputBias, Stack("qwen3", """{"head_dim":null}""").HeadSize));
        Assert.Equal((true, true, 1e-5, 0.1, 0.0), (Stack("phi3").FusedQueryKeyValue, Stack("phi3").FusedGateUp, Stack("phi3").Norm.Epsilon, Stack("phi3", """{"resid_pdrop":0.1}""").Dropout, Stack("phi3", """{"embd_pdrop":0.1}""").EmbeddingDropout));
        Assert.IsType<LongScaling>(Stack("phi3", """{"rope_scaling":{"type":"yarn","short_factor":[1,2],"long_factor":[3,4]}}""").Positions.Scaling);
        Assert.Equal((NormPlacement.Output, true), (Stack("olmo2").Norm.Placement, Stack("olmo2").JointQueryKeyNorm));
        Assert.True(Read(Configs.With("smollm3")).Head.Tied);
        Assert.Equal([PositionKind.Rotary, PositionKind.None], Stack("smollm3", """{"no_rope_layer_interval":2}""").LayerPositions.Select(positions => positions.Kind));
        Assert.Equal([PositionKind.None, PositionKind.Rotary], Stack("smollm3", """{"no_rope_layers":[0,1]}""").LayerPositions.Select(positions => positions.Kind));
        Assert.Equal(2_000_000, Stack("smollm3").Positions.Theta);
        Assert.Contains("3 entries for 2 layers", Assert.Throws<ConfigException>(() => Stack("smollm3", """{"no_rope_layers":[0,1,1]}""")).Message, StringComparison.Ordinal);
        Assert.Equal((true, false, 2, 500), (Stack("gpt_neox").ParallelResidual, Stack("gpt_neox", """{"use_parallel_residual":false}""").ParallelResidual, Stack("gpt_neox").Positions.RotarySize, Stack("gpt_neox", """{"rotary_emb_base":500}""").Positions.Theta));
        Assert.Equal((18, 2, NormPlacement.Pre, true), (Stack("opt").Positions.Count, Stack("opt").Positions.Offset, Stack("opt").Norm.Placement, Stack("opt").Norm.Final));
        Assert.Equal((NormPlacement.Post, false), (Stack("opt", """{"do_layer_norm_before":false}""").Norm.Placement, Stack("opt", """{"do_layer_norm_before":false}""").Norm.Final));
        Assert.Equal((false, false, false), (Stack("opt", """{"_remove_final_layer_norm":true}""").Norm.Final, Stack("opt", """{"layer_norm_elementwise_affine":false}""").Norm.Affine, Stack("opt", """{"enable_bias":false}""").FeedForwardBias));
        TransformerConfig narrow = Read(Configs.With("opt", """{"word_embed_proj_dim":4}"""));
        Assert.Equal((4, true, 4), (narrow.EmbeddingWidth, narrow.NarrowTokens, narrow.StateWidth));
    }

    [Fact]
    public void End_tokens_may_be_one_several_or_none()
    {
        Assert.Equal([2], Read(Configs.With("llama", """{"eos_token_id":2}""")).EosTokenIds);
        Assert.Equal([2, 3], Read(Configs.With("llama", """{"eos_token_id":[2,3]}""")).EosTokenIds);
        Assert.Empty(Read(Configs.With("qwen2")).EosTokenIds);
        Assert.Equal([1], Read(Configs.With("t5")).EosTokenIds);
        TransformerConfig none = Read(JsonDocument.Parse(Configs.Text("gemma")[..^1] + ""","bos_token_id":null,"eos_token_id":null}""").RootElement);
        Assert.Equal((null, 0), (none.BosTokenId, none.EosTokenIds.Count)); // null says so; where the keys are absent they are 2 and 1
        Assert.Equal(2, Read(Configs.With("gemma")).BosTokenId);
    }

    [Fact]
    public void Labels_are_counted_and_named_in_their_order()
    {
        HeadConfig head = Read(Configs.With("bert", """{"architectures":["BertForTokenClassification"],"id2label":{"1":"b","0":"a","2":"c"}}""")).Head;
        Assert.Equal(3, head.Labels);
        Assert.Equal(["a", "b", "c"], head.LabelNames);
        Assert.Contains("id2label", Assert.Throws<ConfigException>(() => Read(Configs.With("bert", """{"architectures":["BertForTokenClassification"],"id2label":{"7":"b"}}"""))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Families_differ_where_their_papers_or_files_do()
    {
        TransformerConfig gated = Read(Configs.With("t5", """{"feed_forward_proj":"gated-gelu","tie_word_embeddings":false,"num_decoder_layers":3}"""));
        Assert.Equal((true, Activation.GeluTanh, false, 1.0, 3), (gated.Encoder!.Gated, gated.Encoder.Activation, gated.Head.Tied, gated.Head.Scale, gated.Decoder!.Layers));
        TransformerConfig first = Read(Configs.With("t5"));
        Assert.Equal((false, Activation.Relu, true, 1 / Math.Sqrt(8)), (first.Encoder!.Gated, first.Encoder.Activation, first.Head.Tied, first.Head.Scale));
        TransformerConfig multilingual = Read(Configs.With("t5", """{"model_type":"mt5","tie_word_embeddings":true}"""));
        Assert.Equal((true, true, 1.0), (multilingual.Encoder!.Gated, multilingual.Head.Tied, multilingual.Head.Scale));

        TransformerConfig own = Read(Configs.With("t5", """{"model_type":"umt5","tie_word_embeddings":false}"""));
        Assert.Equal((true, true, 1 / Math.Sqrt(8)), (own.Decoder!.Positions.BiasByLayer, own.Encoder!.Gated, own.Head.Scale));
        Assert.False(multilingual.Encoder.Positions.BiasByLayer);

        TransformerConfig roberta = Read(Configs.With("roberta", """{"hidden_act":"relu"}"""));
        Assert.Equal((Activation.Relu, Activation.Gelu, 2), (roberta.Encoder!.Activation, roberta.Head.Transform, roberta.Encoder.Positions.Offset));
        Assert.Equal(Activation.Relu, Read(Configs.With("bert", """{"hidden_act":"relu"}""")).Head.Transform);
        Assert.Equal(18, Read(Configs.With("bart")).Encoder!.Positions.Count);
        Assert.Equal(32, Read(Configs.With("gpt2")).Decoder!.FeedForwardWidth);
        Assert.Equal(0.3, Read(Configs.With("gpt2", """{"embd_pdrop":0.3}""")).Decoder!.EmbeddingDropout);
        Assert.Equal(1, Read(Configs.With("gpt2", """{"scale_attn_weights":false}""")).Decoder!.Scale);
        StackConfig byLayer = Read(Configs.With("gpt2", """{"scale_attn_by_inverse_layer_idx":true}""")).Decoder!;
        Assert.Equal((0.5, 0.25), (byLayer.ScaleOf(0), byLayer.ScaleOf(1))); // 1/√4, and half of it in the second layer
        Assert.Equal(2, Read(Configs.With("llama", """{"rope_parameters":{"partial_rotary_factor":0.5}}""")).Decoder!.Positions.RotarySize);
    }

    [Fact]
    public void Albert_runs_the_layers_of_a_group_again_and_again()
    {
        // 5 layers in 3 groups: layer i is of group ⌊i / (5/3)⌋ = 0 0 1 1 2
        StackConfig groups = Read(Configs.With("albert", """{"num_hidden_layers":5,"num_hidden_groups":3,"inner_group_num":1}""")).Encoder!;
        Assert.Equal((5, 3), (groups.Layers, groups.OwnLayers));
        Assert.Equal([0, 0, 1, 1, 2], Enumerable.Range(0, 5).Select(groups.WeightsOf));
        // 4 layers in 2 groups of 2: 8 blocks
        StackConfig inner = Read(Configs.With("albert")).Encoder!;
        Assert.Equal((8, 4), (inner.Layers, inner.OwnLayers));
        Assert.Equal([0, 1, 0, 1, 2, 3, 2, 3], Enumerable.Range(0, 8).Select(inner.WeightsOf));
    }

    [Fact]
    public void Windows_and_bases_alternate_where_the_family_or_its_file_says()
    {
        StackConfig modern = Read(Configs.With("modernbert")).Encoder!;
        Assert.Equal([null, 4, 4, null], modern.Windows); // 6 / 2 either way, and the token itself
        Assert.Equal([160_000, 10_000, 10_000, 160_000], modern.LayerPositions.Select(positions => positions.Theta));
        Assert.Equal([4, null], Read(Configs.With("gemma2")).Decoder!.Windows);
        Assert.Equal([null, null], Read(Configs.With("gemma2", """{"layer_types":["full_attention","full_attention"],"sliding_window":null}""")).Decoder!.Windows);
        StackConfig gemma3 = Read(Configs.With("gemma3", """{"rope_theta":500.0,"rope_local_base_freq":50.0,"rope_scaling":{"rope_type":"linear","factor":8.0}}""")).Decoder!;
        Assert.Equal([4, 4, 4, 4, 4, null, 4], gemma3.Windows);
        Assert.Equal([50, 50, 50, 50, 50, 500, 50], gemma3.LayerPositions.Select(positions => positions.Theta));
        Assert.Equal([false, false, false, false, false, true, false], gemma3.LayerPositions.Select(positions => positions.Scaling is not null));
        StackConfig recent = Read(Configs.With("gemma3", """{"rope_parameters":{"full_attention":{"rope_theta":500.0,"rope_type":"linear","factor":8.0},"sliding_attention":{"rope_theta":50.0}}}""")).Decoder!;
        Assert.Equal(gemma3.LayerPositions, recent.LayerPositions);
        ConfigException error = Assert.Throws<ConfigException>(() => Read(Configs.With("gemma2", """{"layer_types":["full_attention"]}""")));
        Assert.Contains("1 entries for 2 layers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Heads_of_encoders_differ()
    {
        HeadConfig distil = Read(Configs.With("distilbert", """{"architectures":["DistilBertForSequenceClassification"]}""")).Head;
        Assert.Equal((Activation.Relu, false, 0.0, 0.2), (distil.Transform, distil.TransformNorm, distil.TransformDropout, distil.Dropout));
        HeadConfig electra = Read(Configs.With("electra", """{"architectures":["ElectraForSequenceClassification"]}""")).Head;
        Assert.Equal((Activation.Gelu, false, 0.1, 0.1), (electra.Transform, electra.TransformNorm, electra.TransformDropout, electra.Dropout));
        HeadConfig modern = Read(Configs.With("modernbert", """{"architectures":["ModernBertForSequenceClassification"],"classifier_pooling":"mean"}""")).Head;
        Assert.Equal((Activation.Gelu, true, false, true), (modern.Transform, modern.TransformNorm, modern.TransformBias, modern.Mean));
        Assert.Equal(HeadKind.Scalar, Read(Configs.With("electra", """{"architectures":["ElectraForPreTraining"]}""")).Head.Kind);
        Assert.Equal(HeadKind.MaskedLanguageModel, Read(Configs.With("bert", """{"architectures":["BertForPreTraining"]}""")).Head.Kind);
        Assert.Null(Read(Configs.With("electra", """{"embedding_size":8}""")).EmbeddingWidth);
        Assert.Equal(8, Read(Configs.With("albert", """{"embedding_size":8}""")).EmbeddingWidth);
        TransformerConfig both = Read(Configs.With("gemma3", """{"architectures":["Gemma3TextModel"],"use_bidirectional_attention":true}"""));
        Assert.Equal((true, 3), (both.Decoder is null, both.Encoder!.Windows[0])); // 4 / 2 either way, and the token itself
        Assert.Null(Read(Configs.With("t5", """{"architectures":["T5EncoderModel"],"is_encoder_decoder":false}""")).Decoder);
    }

    [Fact]
    public void How_states_are_scaled_does_not_follow_from_the_weights()
    {
        HeadConfig Head(string changes, string family = "t5") => Family.Of(Configs.With(family, changes)).Config(Configs.With(family, changes), name => name == "lm_head.weight").Head;
        Assert.Equal(1 / Math.Sqrt(8), Head("{}").Scale);
        Assert.Equal(1, Head("""{"tie_word_embeddings":false}""").Scale);
        Assert.Equal(1 / Math.Sqrt(8), Head("""{"tie_word_embeddings":false,"scale_decoder_outputs":true}""").Scale);
        Assert.Equal(1, Head("""{"model_type":"mt5","scale_decoder_outputs":true}""").Scale); // a key of T5's alone
        Assert.Equal(1 / Math.Sqrt(8), Head("""{"scale_decoder_outputs":false}""", "umt5").Scale);
    }

    [Fact]
    public void A_base_may_stand_beside_the_parameters_of_its_layers_and_those_may_be_of_one_kind_only()
    {
        StackConfig gemma3 = Read(Configs.With("gemma3", """{"rope_theta":500.0,"rope_parameters":{"full_attention":{"rope_type":"linear","factor":8.0}}}""")).Decoder!;
        Assert.Equal((500, 10_000), (gemma3.LayerPositions[5].Theta, gemma3.LayerPositions[0].Theta));
        Assert.Equal((new LinearScaling { Factor = 8 }, null), (gemma3.LayerPositions[5].Scaling, gemma3.LayerPositions[0].Scaling));
        StackConfig modern = Read(Configs.With("modernbert", """{"local_rope_theta":50.0,"rope_parameters":{"sliding_attention":{"rope_type":"default"}}}""")).Encoder!;
        Assert.Equal((160_000, 50), (modern.LayerPositions[0].Theta, modern.LayerPositions[1].Theta));
        PositionConfig inner = Read(Configs.With("gemma3", """{"rope_theta":500.0,"rope_scaling":{"rope_type":"linear","factor":8.0,"rope_theta":70.0}}""")).Decoder!.LayerPositions[5];
        Assert.Equal(70, inner.Theta);
    }

    [Fact]
    public void NeoX_has_words_of_its_own_for_the_base_and_the_share_and_hears_no_others()
    {
        // A head has 4 elements, of which rotary_pct turns a half.
        PositionConfig positions = Read(Configs.With("gpt_neox", """{"rotary_emb_base":100,"rope_theta":500.0,"partial_rotary_factor":1.0}""")).Decoder!.Positions;
        Assert.Equal((100.0, 2), (positions.Theta, positions.RotarySize));
        Assert.Equal(10_000, Read(Configs.With("gpt_neox", """{"rope_theta":500.0}""")).Decoder!.Positions.Theta);
        Assert.Equal(500, Read(Configs.With("gpt_neox", """{"rope_parameters":{"rope_theta":500.0}}""")).Decoder!.Positions.Theta);
    }

    private static TransformerConfig Read(JsonElement config) => Family.Of(config).Config(config);

    private static string Show(TransformerConfig config) => JsonSerializer.Serialize(config);
}
