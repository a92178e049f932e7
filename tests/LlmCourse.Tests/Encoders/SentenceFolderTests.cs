using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Encoders;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Encoders;

public sealed class SentenceFolderTests
{
    [Theory]
    [InlineData("{}", "Mean")]
    [InlineData("""{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}""", "Cls")]
    [InlineData("""{"pooling_mode_lasttoken":true,"pooling_mode_max_tokens":true}""", "Max Mean LastToken")]
    [InlineData("""{"pooling_mode":"weightedmean"}""", "WeightedMean")]
    [InlineData("""{"pooling_mode":["mean_sqrt_len_tokens","cls"]}""", "Cls MeanSqrtLength")]
    public void Poolings_are_read_in_old_words_and_new(string settings, string expected)
    {
        using TemporaryFolder folder = TinyEncoders.Sentences(settings);
        using SentenceFolder read = SentenceFolder.Open(folder.Path, ScalarType.Float32, CPU);
        Assert.Equal(expected, string.Join(' ', read.Pooling.Modes));
        Assert.True(read.Pooling.IncludesPrompt);
    }

    [Fact]
    public void Limits_prompts_and_the_comparison_are_the_files()
    {
        using TemporaryFolder folder = TinyEncoders.Sentences("""{"include_prompt":false}""");
        using (SentenceFolder plain = SentenceFolder.Open(folder.Path, ScalarType.Float32, CPU))
        {
            Assert.Equal((40, false, Side.Right, SimilarityFunction.Cosine), (plain.MaxLength, plain.Lowers, plain.TruncationSide, plain.Similarity)); // the tokenizer's 40
            Assert.False(plain.Pooling.IncludesPrompt);
        }

        File.WriteAllText(folder["sentence_bert_config.json"], """{"max_seq_length":12,"do_lower_case":true}""");
        File.WriteAllText(folder["tokenizer_config.json"], """{"truncation_side":"left","model_max_length":1000000000000000019884624838656}""");
        File.WriteAllText(folder["config_sentence_transformers.json"], """{"prompts":{"query":"q: "},"default_prompt_name":"query","similarity_fn_name":"dot"}""");
        using SentenceFolder read = SentenceFolder.Open(folder.Path, ScalarType.Float32, CPU);
        Assert.Equal((12, true, Side.Left, SimilarityFunction.Dot), (read.MaxLength, read.Lowers, read.TruncationSide, read.Similarity));
        Assert.Equal(("q: ", "query"), (read.Prompts["query"], read.DefaultPrompt));
        File.Delete(folder["sentence_bert_config.json"]);
        using SentenceFolder endless = SentenceFolder.Open(folder.Path, ScalarType.Float32, CPU);
        Assert.Null(endless.MaxLength); // transformers' word for no limit
    }

    [Theory]
    [InlineData("modules.json", "{}", "must hold a list")]
    [InlineData("modules.json", """[{"type":"sentence_transformers.models.Transformer","path":""}]""", "a Transformer and a Pooling")]
    [InlineData("modules.json", """[{"type":"sentence_transformers.models.StaticEmbedding","path":""}]""", "StaticEmbedding, and a Transformer is supported there")]
    [InlineData("modules.json", """[{"type":"sentence_transformers.models.Transformer","path":""},{"type":"sentence_transformers.models.WordWeights","path":"1"}]""", "WordWeights")]
    [InlineData("modules.json", """[{"type":"sentence_transformers.models.Transformer","path":"../x"}]""", "leads out of the folder")]
    [InlineData("modules.json", """[{"type":"sentence_transformers.models.Transformer"}]""", "\"path\"")]
    [InlineData("1_Pooling/config.json", """{"pooling_mode":"median"}""", "median")]
    [InlineData("1_Pooling/config.json", """{"pooling_mode_mean_tokens":false}""", "no pooling mode is on")]
    [InlineData("1_Pooling/config.json", """{"pooling_mode_mean_tokens":1}""", "must be true or false, found 1")]
    [InlineData("sentence_bert_config.json", """{"max_seq_length":0}""", "max_seq_length")]
    [InlineData("config_sentence_transformers.json", """{"similarity_fn_name":"angle"}""", "angle")]
    [InlineData("config_sentence_transformers.json", """{"default_prompt_name":"query"}""", "no prompt is called that")]
    [InlineData("config_sentence_transformers.json", """{"prompts":{"query":1}}""", "texts by name")]
    [InlineData("tokenizer_config.json", """{"truncation_side":"middle"}""", "middle")]
    public void What_is_wrong_or_not_supported_is_named_with_its_file(string file, string content, string message)
    {
        using TemporaryFolder folder = TinyEncoders.Sentences();
        File.WriteAllText(folder[file], content);
        CheckpointException error = Assert.Throws<CheckpointException>(() => SentenceFolder.Open(folder.Path, ScalarType.Float32, CPU));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(file), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"in_features":32,"out_features":2,"activation_function":"torch.nn.modules.activation.Softplus"}""", "Softplus")]
    [InlineData("""{"in_features":32}""", "lacks \"out_features\"")]
    [InlineData("""{"in_features":32,"out_features":3}""", "[2, 32], the settings mean [3, 32]")]
    [InlineData("""{"in_features":32,"out_features":2,"bias":true}""", "no tensor linear.bias")]
    [InlineData("""{"in_features":32,"out_features":2,"bias":false,"module_input_name":"token_embeddings"}""", "token_embeddings")]
    public void A_dense_that_does_not_fit_is_refused(string settings, string message)
    {
        using TemporaryFolder folder = TinyEncoders.Sentences(modules: "Dense");
        WriteDense(folder["2_Dense"], settings, 2, 32);
        CheckpointException error = Assert.Throws<CheckpointException>(() => SentenceFolder.Open(folder.Path, ScalarType.Float32, CPU));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    internal static void WriteDense(string folder, string settings, long rows, long columns)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), settings);
        float[] values = [.. Enumerable.Range(0, (int)(rows * columns)).Select(i => i % 3 - 1f)];
        using Tensor weight = tensor(values, [rows, columns]);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), [PendingWeight.Of("linear.weight", weight)]);
    }
}
