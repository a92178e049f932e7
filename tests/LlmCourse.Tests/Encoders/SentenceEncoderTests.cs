using LlmCourse.Checkpoints;
using LlmCourse.Encoders;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Encoders;

public sealed class SentenceEncoderTests
{
    private static readonly string[] Texts = ["a b c", "abc", "c c c c c c c c.", "b", "a: bb"];

    private static LoadOptions Options => new() { Device = TestDevice.Device };

    [SkippableFact]
    public void An_embedding_is_the_mean_of_the_states_and_does_not_depend_on_neighbours()
    {
        using TemporaryFolder folder = TinyEncoders.Sentences(modules: "Normalize");
        using SentenceEncoder encoder = SentenceEncoder.Load(folder.Path, Options);
        Assert.Equal((32, 40), (encoder.Dimension, encoder.MaxLength));
        IReadOnlyList<float[]> together = encoder.Encode(Texts), pairs = encoder.Encode(Texts, batchSize: 2);
        for (int i = 0; i < Texts.Length; i++)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            using LlmCourse.Data.Sequences alone = LlmCourse.Data.Sequences.FromRows([encoder.Llm.Tokenizer.EncodeIds(Texts[i])], device: TestDevice.Device);
            using Hidden hidden = encoder.Llm.Model.Trunk.Run(alone);
            Tensor mean = hidden.States[0].mean([0]);
            float[] expected = [.. mean.div(mean.norm()).cpu().data<float>()];
            foreach (float[] found in new[] { together[i], pairs[i], encoder.Encode(Texts[i]) })
                Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        }

        Assert.Equal(1, SentenceEncoder.Cosine(together[0], encoder.Encode("  a b c \n")), 1e-5); // white space around a text is not read
        Assert.Equal(0, encoder.Nearest(together[0], together, 3)[0].Index);
        Assert.Equal(3, encoder.Nearest(together[0], together, 3).Count);
    }

    [SkippableFact]
    public void Long_texts_are_cut_at_the_files_limit_and_lower_case_is_the_files_too()
    {
        using TemporaryFolder folder = TinyEncoders.Sentences();
        File.WriteAllText(folder["sentence_bert_config.json"], """{"max_seq_length":4,"do_lower_case":true}""");
        using SentenceEncoder encoder = SentenceEncoder.Load(folder.Path, Options);
        Assert.Equal([2, 5, 6, 3], encoder.Tokens(["A b c a"])[0].Ids);
        Assert.Equal(encoder.Encode("a b"), encoder.Encode("A b c a"));
    }

    [SkippableFact]
    public void Prompts_stand_in_front_and_need_not_count()
    {
        using TemporaryFolder folder = TinyEncoders.Sentences("""{"include_prompt":false}""");
        File.WriteAllText(folder["config_sentence_transformers.json"], """{"prompts":{"query":"a: ","none":""}}""");
        using SentenceEncoder encoder = SentenceEncoder.Load(folder.Path, Options);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using LlmCourse.Data.Sequences whole = LlmCourse.Data.Sequences.FromRows([[2, 5, 11, 6, 7, 3]], device: TestDevice.Device); // [CLS] a : b c [SEP]
        using Hidden hidden = encoder.Llm.Model.Trunk.Run(whole);
        float[] expected = [.. hidden.States[0].narrow(0, 3, 3).mean([0]).cpu().data<float>()]; // without [CLS] a :
        Assert.All(expected.Zip(encoder.Encode("b c", "query")), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.Equal(encoder.Encode("b c"), encoder.Encode("b c", "none"));
        ArgumentException error = Assert.Throws<ArgumentException>(() => encoder.Encode("b", "question"));
        Assert.Contains("query, none", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_dense_maps_what_was_pooled()
    {
        using TemporaryFolder folder = TinyEncoders.Sentences(modules: "Dense");
        SentenceFolderTests.WriteDense(folder["2_Dense"], """{"in_features":32,"out_features":2,"bias":false,"activation_function":"torch.nn.modules.linear.Identity"}""", 2, 32);
        using TemporaryFolder without = TinyEncoders.Sentences();
        using SentenceEncoder encoder = SentenceEncoder.Load(folder.Path, Options), plain = SentenceEncoder.Load(without.Path, Options);
        float[] pooled = plain.Encode("a b"), mapped = encoder.Encode("a b");
        Assert.Equal(2, mapped.Length);
        for (int row = 0; row < 2; row++)
            Assert.Equal(pooled.Select((value, i) => value * ((((row * 32) + i) % 3) - 1)).Sum(), mapped[row], 1e-4);
        SentenceFolderTests.WriteDense(folder["2_Dense"], """{"in_features":30,"out_features":2,"bias":false}""", 2, 30);
        Assert.Contains("reads 30 numbers", Assert.Throws<CheckpointException>(() => SentenceEncoder.Load(folder.Path, Options)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_plain_folder_is_averaged_and_a_head_in_its_file_left_alone()
    {
        using TemporaryFolder masked = TinyEncoders.Folder("xlm-roberta", "XLMRobertaForMaskedLM");
        using SentenceEncoder encoder = SentenceEncoder.Load(masked.Path, Options);
        Assert.Equal(HeadKind.None, encoder.Llm.Model.Config.Head.Kind);
        Assert.Equal(32, encoder.Encode("a b").Length);
        using TemporaryFolder decoder = TinyLlm.Folder("llama"); // no weights
        Assert.Throws<CheckpointException>(() => SentenceEncoder.Load(decoder.Path, Options));
    }

    [Theory]
    [InlineData(SimilarityFunction.Cosine, 0.6)] // (3 · 1 + 4 · 0) / (5 · 1)
    [InlineData(SimilarityFunction.Dot, 3)]
    [InlineData(SimilarityFunction.Euclidean, -4.47213595499958)] // −√(4 + 16)
    [InlineData(SimilarityFunction.Manhattan, -6)]
    public void Similarities_are_the_definitions(SimilarityFunction function, double expected)
    {
        Assert.Equal(expected, Similarities.Of(function, [3, 4], [1, 0]), 1e-12);
        Assert.Throws<ArgumentException>(() => Similarities.Of(function, [1], [1, 2]));
    }
}
