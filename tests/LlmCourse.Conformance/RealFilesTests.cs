using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Encoders;
using LlmCourse.Runtime;
using LlmCourse.Tokenization;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>Real sentence encoders (<c>sentences.json</c>), other wordings of a configuration, and golden files nothing compares.</summary>
[Trait("Kind", "Real")]
[Collection(RealModels.Collection)]
public sealed class RealFilesTests(RealModels models)
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string> Sentences() => RealModels.Cases("sentences.json");

    public static TheoryData<string> Others() => RealModels.Others();

    [SkippableTheory]
    [MemberData(nameof(Sentences))]
    public void Sentences_have_the_golden_tokens(string file)
    {
        JsonElement golden = RealModels.Json(file);
        string folder = RealModels.ModelFolder(file);
        PretrainedTokenizer tokenizer = PretrainedTokenizer.Load(folder);
        // A sentence encoder's own limit stands above the one in tokenizer.json.
        using SentenceFolder settings = SentenceFolder.Open(folder, ScalarType.Float32, CPU);
        Assert.Equal(Shared.Json(folder, "sentence_bert_config.json").GetProperty("max_seq_length").GetInt32(), settings.MaxLength);
        EncodingOptions options = new() { Truncation = new TruncationOptions { MaxLength = settings.MaxLength!.Value } };
        foreach (JsonElement sentence in golden.GetProperty("sentences").EnumerateArray())
            Assert.Equal(sentence.GetProperty("ids").Ints(), tokenizer.Encode(sentence.GetProperty("text").GetString()!, null, options).Ids);
    }

    [SkippableTheory]
    [MemberData(nameof(Sentences))]
    public void Hidden_states_and_embeddings_of_sentences_are_the_same(string file)
    {
        JsonElement golden = RealModels.Json(file);
        TransformerModel model = models.Of(file).Llm.Model;
        string folder = Path.GetDirectoryName(RealModels.PathOf(file))!;
        using DisposeScope scope = NewDisposeScope();
        using var noGrad = no_grad();
        using SafetensorsFile states = SafetensorsFile.Open(Path.Combine(folder, "hidden_states.safetensors"));
        Tensor mask = states.Read("attention_mask");
        using Sequences batch = LlmCourse.Data.Sequences.FromTensors(
            states.Read("input_ids").to(ModelFixture.Device), mask.to(ModelFixture.Device), states.Read("token_type_ids").to(ModelFixture.Device));
        using Hidden hidden = model.Trunk.Run(batch, new ForwardContext { CaptureHiddenStates = true });
        foreach (string name in states.Weights.Keys.Where(name => states.Weights[name].Type == ScalarType.Float32))
        {
            Tensor found = name switch
            {
                "last_hidden_state" => hidden.States,
                "pooler_output" => model.Pooled(hidden),
                "embedding_output" => hidden.HiddenStates[0],
                _ => hidden.HiddenStates[int.Parse(name["hidden_state_layer_".Length..], System.Globalization.CultureInfo.InvariantCulture)],
            };
            Tensor difference = found.cpu().sub(states.Read(name)).abs();
            AssertSmall(name, found.dim() == 3 ? difference.mul(mask.unsqueeze(-1)) : difference);
        }

        using SafetensorsFile embeddings = SafetensorsFile.Open(Path.Combine(folder, "embeddings.safetensors"));
        Tensor expected = embeddings.Read("embeddings");
        int row = 0;
        foreach (JsonElement sentence in golden.GetProperty("sentences").EnumerateArray())
        {
            using Sequences alone = LlmCourse.Data.Sequences.FromRows([sentence.GetProperty("ids").Ints()], device: ModelFixture.Device);
            using Hidden single = model.Trunk.Run(alone);
            Tensor mean = single.States[0].mean([0]).cpu();
            AssertSmall($"embedding {row}", mean.div(mean.norm()).sub(expected[row++]).abs());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Sentences))]
    public void A_sentence_encoder_gives_the_golden_embeddings_and_neighbours(string file)
    {
        JsonElement golden = RealModels.Json(file);
        string folder = RealModels.ModelFolder(file);
        ModelFixture.RequireDevice();
        Skip.IfNot(Directory.EnumerateFiles(folder, "*.safetensors").Any(), $"{Path.GetFileName(folder)}: the weights are not here");
        using DisposeScope scope = NewDisposeScope();
        using SentenceEncoder encoder = SentenceEncoder.Load(folder, new LoadOptions { Device = ModelFixture.Device });
        JsonElement[] sentences = [.. golden.GetProperty("sentences").EnumerateArray()];
        IReadOnlyList<float[]> found = encoder.Encode([.. sentences.Select(sentence => sentence.GetProperty("text").GetString()!)], batchSize: 7);
        using SafetensorsFile embeddings = SafetensorsFile.Open(Path.Combine(Path.GetDirectoryName(RealModels.PathOf(file))!, "embeddings.safetensors"));
        Tensor expected = embeddings.Read("embeddings"), cosines = embeddings.Read("cosine");
        for (int i = 0; i < sentences.Length; i++)
        {
            AssertSmall($"embedding {i}", tensor(found[i]).sub(expected[i]).abs());
            AssertSmall($"cosines of {i}", tensor(found.Select(other => (float)encoder.Similarity(found[i], other)).ToArray()).sub(cosines[i]).abs());
            AssertSmall($"embedding {i} alone", tensor(encoder.Encode(sentences[i].GetProperty("text").GetString()!)).sub(expected[i]).abs());
            int[] nearest = sentences[i].GetProperty("nearest").Ints(); // beside the sentence itself, which is the nearest of all
            Assert.Equal(nearest, encoder.Nearest(found[i], found, nearest.Length + 1).Select(pair => pair.Index).Where(other => other != i));
        }
    }

    /// <summary>A configuration in other words (<c>config*.json</c>) is the same architecture; any other file is named.</summary>
    [SkippableTheory]
    [MemberData(nameof(Others))]
    public void Another_configuration_is_the_same_model(string file)
    {
        Skip.If(file == Cases.None, "no real model has such a golden file");
        Skip.IfNot(Path.GetFileName(file).StartsWith("config", StringComparison.Ordinal), "a golden file that nothing is compared with");
        Assert.Equal(Architecture(Pretrained.ReadConfig(RealModels.ModelFolder(file))), Architecture(RealModels.Json(file)));
    }

    private static string Architecture(JsonElement config) => JsonSerializer.Serialize(Family.Of(config).Config(config));

    private static void AssertSmall(string what, Tensor difference)
    {
        double worst = difference.max().Number();
        Assert.True(worst <= Tolerance, $"{what}: largest difference {worst:g3}, tolerance {Tolerance:g3}");
    }
}
