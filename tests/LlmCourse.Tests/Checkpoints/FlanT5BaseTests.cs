using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Generation;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>FLAN-T5-base from its published configuration, with random weights: its size, a folder of it, and tokens from it.</summary>
public sealed class FlanT5BaseTests
{
    internal const string Config = """
        {
          "architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "is_encoder_decoder": true,
          "vocab_size": 32128, "d_model": 768, "d_kv": 64, "d_ff": 2048, "num_layers": 12, "num_decoder_layers": 12, "num_heads": 12,
          "relative_attention_num_buckets": 32, "relative_attention_max_distance": 128, "feed_forward_proj": "gated-gelu",
          "layer_norm_epsilon": 1e-6, "dropout_rate": 0.1, "initializer_factor": 1.0, "tie_word_embeddings": false,
          "eos_token_id": 1, "pad_token_id": 0, "decoder_start_token_id": 0, "torch_dtype": "float32"
        }
        """;

    [SkippableFact]
    [Trait("Category", "Long")]
    public void It_has_its_size_is_saved_reloaded_to_the_bit_and_generates()
    {
        using TemporaryFolder folder = new();
        using Pretrained made = Pretrained.FromConfig(JsonDocument.Parse(Config).RootElement, seed: 1, device: TestDevice.Device);
        Assert.Equal(247_577_856, made.Model.ParameterCount);
        made.Write(folder.Path, maxShardBytes: 400_000_000);
        Assert.Equal(3, Directory.GetFiles(folder.Path, "*.safetensors").Length); // 990 MB

        using Pretrained loaded = Pretrained.FromFolder(folder.Path, device: TestDevice.Device);
        foreach (((string name, var first), (string again, var second)) in made.Model.NamedParameters.Zip(loaded.Model.NamedParameters))
        {
            Assert.Equal(name, again);
            TensorAssert.Same(first, second);
        }

        int[][] prompts = [[100, 200, 300, 1], [7, 1]];
        GenerationOptions options = new() { MaxNewTokens = 8, MinNewTokens = 8 };
        int[][] Generate(TransformerModel model) =>
            [.. new TokenGenerator(model, ForwardContext.Evaluation, new GenerationDefaults { EosTokenIds = [1], DecoderStartTokenId = 0 }).Generate(prompts, options).Select(completion => completion.Tokens.ToArray())];
        int[][] before = Generate(made.Model), after = Generate(loaded.Model);
        Assert.Equal(before, after);
        Assert.All(after, tokens => Assert.Equal(8, tokens.Length));
    }
}
