using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>Every folder of <c>models/</c>: logits, hidden states, losses, padded on either side, and the round trip to disk.</summary>
[Trait("Kind", "Models")]
public sealed class ModelsTests
{
    private const double LogitTolerance = 1e-4;
    private const double LossTolerance = 1e-5;

    public static TheoryData<string> Folders() => Cases.Of("models", folder => File.Exists(Path.Combine(folder, "expected", "meta.json")));

    public static TheoryData<string> WithOlderConfig() => Cases.Of("models", folder => File.Exists(Path.Combine(folder, "expected", "config_v4.json")));

    public static TheoryData<string> WithRotaryScaling() => Cases.Of("models", folder => File.Exists(Path.Combine(folder, "expected", "rope.json")));

    public static TheoryData<string, string> FurtherBatches()
    {
        TheoryData<string, string> cases = [];
        foreach (string folder in Shared.Folders("models"))
        {
            foreach (string file in Directory.EnumerateFiles(Path.Combine(folder, "expected"), "outputs_*.safetensors").Where(file => !file.EndsWith("outputs_left.safetensors", StringComparison.Ordinal)).Order())
                cases.Add(Path.GetFileName(folder), Path.GetFileNameWithoutExtension(file)["outputs".Length..]);
        }

        if (cases.Count == 0)
            cases.Add(Cases.None, "");
        return cases;
    }

    public static TheoryData<string> LeftPadded() => Cases.Of("models", folder => File.Exists(Path.Combine(folder, "expected", "outputs_left.safetensors")));

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Outputs_equal_the_reference(string name) => Compare(name, "config.json", "");

    [SkippableTheory]
    [MemberData(nameof(WithOlderConfig))]
    public void The_older_wording_of_the_configuration_is_the_same_model(string name) =>
        Compare(name, Path.Combine("expected", "config_v4.json"), "");

    [SkippableTheory]
    [MemberData(nameof(LeftPadded))]
    public void Left_padding_changes_nothing(string name) => Compare(name, "config.json", "_left");

    [SkippableTheory]
    [MemberData(nameof(FurtherBatches))]
    public void Other_lengths_equal_the_reference(string name, string batch) => Compare(name, "config.json", batch);

    [SkippableTheory]
    [MemberData(nameof(WithRotaryScaling))]
    public void Rotary_frequencies_equal_the_reference(string name)
    {
        foreach (string wording in (string[])["config.json", Path.Combine("expected", "config_v4.json")])
        {
            using ModelFixture fixture = ModelFixture.Load(Cases.Folder("models", name), wording);
            StackConfig stack = fixture.Model.Config.Last;
            foreach (JsonElement entry in Shared.Json(fixture.Folder, "expected", "rope.json").GetProperty("frequencies").EnumerateArray())
            {
                int length = entry.GetProperty("length") is { ValueKind: JsonValueKind.Number } given ? given.GetInt32() : 0;
                double[] want = [.. entry.GetProperty("inv_freq").EnumerateArray().Select(value => value.GetDouble())];
                float[] got = Rotary.Frequencies(stack.Positions, stack.HeadSize, length);
                Assert.Equal(want.Length, got.Length);
                Assert.All(want.Zip(got), pair => Assert.Equal(pair.First, pair.Second, pair.First * 1e-6));
                Assert.Equal(entry.GetProperty("attention_factor").GetDouble(), stack.Positions.Scaling!.Amplitude, 1e-12);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Saved_and_loaded_again_it_is_the_same_bits(string name)
    {
        using ModelFixture fixture = ModelFixture.Load(Cases.Folder("models", name));
        string folder = Directory.CreateTempSubdirectory("llmcourse-").FullName;
        try
        {
            fixture.Pretrained.Write(folder, maxShardBytes: 50_000);
            using Pretrained again = Pretrained.FromFolder(folder, device: ModelFixture.Device);
            foreach (((string ours, var first), (string theirs, var second)) in fixture.Model.NamedParameters.Zip(again.Model.NamedParameters))
            {
                Assert.Equal(ours, theirs);
                Assert.True(first.equal(second).all().IsTrue(), ours);
            }

            using IWeightSource original = WeightFolder.Open(fixture.Folder), saved = WeightFolder.Open(folder);
            Assert.Subset(original.Weights.Keys.ToHashSet(), saved.Weights.Keys.ToHashSet());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Compare(string name, string config, string suffix)
    {
        using ModelFixture fixture = ModelFixture.Load(Cases.Folder("models", name), config);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Dictionary<string, Tensor> inputs = fixture.Tensors("inputs" + suffix), expected = fixture.Tensors("outputs" + suffix);
        using Batch batch = ModelFixture.Batch(inputs);
        TransformerModel model = fixture.Model;
        ForwardContext context = new() { CaptureHiddenStates = expected.Keys.Any(key => key.EndsWith("hidden_states", StringComparison.Ordinal)) };
        bool encoderDecoder = batch.Decoder is not null;
        using EncoderState? memory = encoderDecoder ? model.Trunk.Encode(batch.Input, context) : null;
        Sequences last = batch.Decoder ?? batch.Input;
        using Hidden hidden = model.Trunk.Run(last, context, memory);
        Tensor mask = inputs["attention_mask"].to(ScalarType.Bool);
        Tensor labelled = encoderDecoder ? inputs["labels"].ne(Batch.Ignore) : mask;

        int compared = 0;
        foreach ((string key, Tensor want) in expected)
        {
            (Tensor got, Tensor? where, double tolerance) = key switch
            {
                "logits" when model.Config.Head.Kind == HeadKind.Scalar => (model.Values(hidden), labelled, LogitTolerance),
                "logits" => (model.Logits(hidden, last, context), fixture.Kind == "sequence-classification" ? null : labelled, LogitTolerance),
                "loss" => (SupervisedLoss.Of(model, batch, ForwardContext.Evaluation), null, LossTolerance),
                "label_logprobs" => (LogProbabilities(model.Logits(hidden, last, context), inputs["labels"], fixture.Kind), Predicted(mask, fixture.Kind), LogitTolerance),
                "hidden_states" => (stack([.. hidden.HiddenStates]), Layers(mask, hidden), LogitTolerance),
                "decoder_hidden_states" => (stack([.. hidden.HiddenStates]), Layers(labelled, hidden), LogitTolerance),
                "encoder_hidden_states" => (stack([.. memory!.Hidden.HiddenStates]), Layers(mask, memory.Hidden), LogitTolerance),
                "encoder_last_hidden_state" => (memory!.Hidden.States, mask, LogitTolerance),
                "last_hidden_state" => (hidden.States, encoderDecoder ? labelled : mask, LogitTolerance),
                "pooler_output" => (model.Pooled(hidden), (Tensor?)null, LogitTolerance),
                _ => throw new InvalidOperationException($"No comparison for output '{key}'."),
            };
            Close(key, got, key == "loss" && fixture.Kind == "causal-lm" && !batch.Input.StartsAtZero ? LossWithoutPads(expected, mask, inputs["labels"]) : want, where, tolerance);
            compared++;
        }

        Assert.True(compared > 0);
    }

    private static Tensor Layers(Tensor mask, Hidden hidden) => mask.unsqueeze(0).expand(hidden.HiddenStates.Count, -1, -1);

    private static Tensor LogProbabilities(Tensor logits, Tensor labels, string kind) => kind == "causal-lm"
        ? Losses.LogProbabilities(logits.narrow(1, 0, logits.size(1) - 1), labels.narrow(1, 1, labels.size(1) - 1))
        : Losses.LogProbabilities(logits, labels);

    // What was predicted at a padded position means nothing.
    private static Tensor? Predicted(Tensor mask, string kind) => kind == "causal-lm" ? mask.narrow(1, 0, mask.size(1) - 1) : null;

    /// <summary>
    /// The reference's loss of a left-padded batch counts, for each padded row, what a padded position predicts of the first
    /// token. Its own log-probabilities give the mean without those terms.
    /// </summary>
    private static Tensor LossWithoutPads(Dictionary<string, Tensor> expected, Tensor mask, Tensor labels)
    {
        Tensor counts = Predicted(mask, "causal-lm")!.logical_and(labels.narrow(1, 1, labels.size(1) - 1).ne(Batch.Ignore)).to(ScalarType.Float32);
        return expected["label_logprobs"].mul(counts).sum().div(counts.sum()).neg();
    }

    private static void Close(string key, Tensor got, Tensor want, Tensor? where, double tolerance)
    {
        Assert.Equal(want.shape, got.shape);
        Tensor difference = got.sub(want).abs();
        if (where is not null)
            difference = difference.masked_fill(where.logical_not().view([.. where.shape, .. Enumerable.Repeat(1L, (int)(difference.dim() - where.dim()))]), 0);
        double worst = difference.max().Number();
        Assert.True(worst <= tolerance, $"{key}: largest difference {worst:g3}, tolerance {tolerance:g3}");
    }
}
