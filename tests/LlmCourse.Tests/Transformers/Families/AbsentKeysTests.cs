using System.Text.Json;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;

namespace LlmCourse.Tests.Transformers.Families;

/// <summary>What a configuration means that does not say it.</summary>
public sealed class AbsentKeysTests
{
    [Fact]
    public void A_null_is_not_the_absence_of_a_key_that_has_a_default()
    {
        TransformerConfig plain = Read(Configs.With("gemma2"));
        Assert.Equal((50, 30), (plain.Decoder!.AttentionSoftcap, plain.Head.Softcap));
        TransformerConfig none = Read(JsonDocument.Parse(Configs.Text("gemma2")[..^1] + ""","attn_logit_softcapping":null,"final_logit_softcapping":null}""").RootElement);
        Assert.Equal((null, null), (none.Decoder!.AttentionSoftcap, none.Head.Softcap));
    }

    [Theory]
    [InlineData("{}", Activation.GeluTanh)]
    [InlineData("""{"hidden_act":"gelu"}""", Activation.GeluTanh)] // the first release's word for it
    [InlineData("""{"hidden_act":"gelu_python","hidden_activation":"gelu_pytorch_tanh"}""", Activation.Gelu)] // the reference reads the first
    [InlineData("""{"hidden_act":"silu"}""", Activation.Silu)]
    public void The_first_gemmas_say_gelu_and_mean_its_approximation(string changes, Activation expected) =>
        Assert.Equal(expected, Read(Configs.With("gemma", changes)).Decoder!.Activation);

    [Fact]
    public void An_empty_scaling_is_none()
    {
        PositionConfig positions = Read(Configs.With("llama", """{"rope_scaling":{},"rope_parameters":{"rope_theta":500.0,"rope_type":"linear","factor":2.0}}""")).Decoder!.Positions;
        Assert.Equal((500, new LinearScaling { Factor = 2 }), (positions.Theta, positions.Scaling));
    }

    [Theory]
    [InlineData("llama", 1, 2)]
    [InlineData("mistral", 1, 2)]
    [InlineData("phi3", 1, 32_000)]
    [InlineData("smollm3", 128_000, 128_001)]
    [InlineData("gpt2", 50_256, 50_256)]
    [InlineData("roberta", 0, 2)]
    [InlineData("gemma2", 2, 1)]
    [InlineData("qwen2", null, null)]
    [InlineData("olmo2", null, 50_279)]
    public void A_family_has_ids_of_its_own_where_a_file_says_nothing_and_null_says_that_there_are_none(string family, int? first, int? last)
    {
        Assert.Equal((first, last), Ids(Read(Configs.With(family, """{"vocab_size":200000}"""))));
        Assert.Equal((first < 20 ? first : null, last < 20 ? last : null), Ids(Read(Configs.With(family, """{"vocab_size":20}""")))); // beyond it there is no token
        TransformerConfig none = Read(JsonDocument.Parse(Configs.Text(family)[..^1] + ""","bos_token_id":null,"eos_token_id":null}""").RootElement);
        Assert.Equal((null, null), Ids(none));

        static (int? First, int? Last) Ids(TransformerConfig config) => (config.BosTokenId, config.EosTokenIds.Count == 0 ? null : config.EosTokenIds[0]);
    }

    [Fact]
    public void Gemmas_have_a_window_where_they_say_nothing() =>
        Assert.Equal(4096, Read(JsonDocument.Parse(Configs.Text("gemma3").Replace(",\"sliding_window\":4", "", StringComparison.Ordinal)).RootElement).Decoder!.Windows[0]);

    private static TransformerConfig Read(JsonElement config) => Family.Of(config).Config(config);
}
