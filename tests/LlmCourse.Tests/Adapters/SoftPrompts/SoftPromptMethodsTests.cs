using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Tests.Transformers;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Adapters;

public sealed class SoftPromptMethodsTests
{
    private static readonly int[][] Rows = TinyFamilies.Rows(71, 5, 3);

    public static TheoryData<string, string> Methods()
    {
        TheoryData<string, string> cases = [];
        foreach (string name in TinyFamilies.LanguageModels)
        {
            foreach (string method in new[] { "prompt", "prefix", "prefix-projection", "ptuning", "ptuning-lstm" })
                cases.Add(name, method);
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Methods))]
    public void What_is_stored_says_the_same_and_gradients_reach_only_what_is_trained(string name, string method)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using SoftPrompt prompt = Create(method, model), same = Create(method, model);
        StackConfig stack = model.Config.Last;
        int both = model.Config.Encoder is null ? 1 : 2;
        using Tensor finished = prompt.Finished(), again = same.Finished();
        TinyFamilies.SameBits(finished, again, "one seed");
        Assert.Equal(
            method.StartsWith("prefix", StringComparison.Ordinal)
                ? [4, 2L * (model.Config.Encoder ?? stack).Layers * stack.KeyValueHeadCount * stack.HeadSize]
                : [4L * both, model.Config.TableWidth],
            finished.shape);
        Assert.False(finished.requires_grad);

        using Batch batch = TinyFamilies.Batch(model, Rows);
        ForwardContext view = new() { Virtual = new VirtualTokens(prompt), FreezeBase = true };
        using (NewDisposeScope())
        {
            Tensor loss = SupervisedLoss.Of(model, batch, view);
            loss.backward();
            using SoftPrompt loaded = method.StartsWith("prefix", StringComparison.Ordinal) ? new PrefixTuning(finished, model.Config) : new PromptTuning(finished, 4);
            Assert.Equal(loss.Number(), SupervisedLoss.Of(model, batch, view with { Virtual = new VirtualTokens(loaded) }).Number(), 1e-6);
        }

        Assert.All(prompt.Parameters, parameter => Assert.True(parameter.Value.grad!.abs().max().Number() > 0, parameter.Name));
        Assert.All(model.NamedParameters, entry => Assert.Null(entry.Parameter.grad));
        Assert.Equal(prompt.Parameters.Count, prompt.Parameters.Select(parameter => parameter.Name).Distinct().Count());
        Assert.All(prompt.Parameters, parameter => Assert.Equal(!parameter.Name.Contains("bias", StringComparison.Ordinal), parameter.Decays));
    }

    [SkippableFact]
    public void Prompts_begin_as_tokens_of_a_text_or_of_the_vocabulary_or_at_random()
    {
        using TransformerModel model = TinyFamilies.Model("llama");
        using var scope = NewDisposeScope();
        Tensor table = model.Trunk.TokenTable.Whole;
        Tensor Rows(params long[] ids) => table.index_select(0, tensor(ids, device: TestDevice.Device));
        using PromptTuning tiled = PromptTuning.Create(new() { VirtualTokens = 5, Initialization = PromptInitialization.Text, Text = "two words" }, model, [17, 9]);
        TinyFamilies.SameBits(Rows(17, 9, 17, 9, 17), tiled.Finished());
        using PromptTuning cut = PromptTuning.Create(new() { VirtualTokens = 2, Initialization = PromptInitialization.Text, Text = "three words here" }, model, [4, 5, 6]);
        TinyFamilies.SameBits(Rows(4, 5), cut.Finished());
        using PromptTuning drawn = PromptTuning.Create(new() { VirtualTokens = 30, Initialization = PromptInitialization.Vocabulary, Seed = 5 }, model);
        NearestToken[] nearest = [.. NearestTokens.Of(drawn.Finished(), table, 1, Closeness.Euclidean).Select(tokens => tokens[0])];
        Assert.All(nearest, token => Assert.Equal(0, token.Score));
        Assert.True(nearest.Distinct().Count() > 10);
        using PromptTuning random = PromptTuning.Create(new() { VirtualTokens = 100, Seed = 5 }, model), other = PromptTuning.Create(new() { VirtualTokens = 100, Seed = 6 }, model);
        Assert.InRange(random.Finished().std().Number(), 0.95, 1.05);
        Assert.True(TinyFamilies.Difference(random.Finished(), other.Finished()) > 1);
        Assert.Equal(20, new PromptTuningOptions().VirtualTokens);
    }

    [SkippableFact]
    public void A_prefix_of_an_encoder_decoder_is_laid_out_as_peft_does()
    {
        // Three decoder layers, so six entries, written twice: 012345012345. Layer l takes the first two of the four from 4l on.
        TransformerConfig config = Tiny.EncoderDecoder(stack => stack with { Layers = 3, Heads = 1, HeadSize = 1 });
        using Tensor finished = arange(6, ScalarType.Float32, device: TestDevice.Device).view(1, 6);
        using PrefixTuning prefix = new(finished, config);
        using Tensor entries = prefix.KeysAndValues();
        Assert.Equal([1, 6, 1, 1], entries.shape);
        Assert.Equal([0, 1, 4, 5, 2, 3], entries.cpu().data<float>().ToArray());
        using PrefixTuning decoder = new(finished, Tiny.Decoder(stack => stack with { Layers = 3, Heads = 1, HeadSize = 1 }));
        using Tensor plain = decoder.KeysAndValues();
        Assert.Equal([0, 1, 2, 3, 4, 5], plain.cpu().data<float>().ToArray());
    }

    [SkippableTheory]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32)]
    [InlineData(ScalarType.Float64, ScalarType.Float64)]
    public void They_are_trained_in_fp32_over_bf16_and_in_fp64_over_fp64(ScalarType type, ScalarType own)
    {
        using TransformerModel model = TinyFamilies.Model("llama");
        model.To(type: type);
        using FourKinds kinds = new(model);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(72, 3, 4, 5, 2));
        using var scope = NewDisposeScope();
        SupervisedLoss.Of(model, batch, kinds.View(0, 1, 2, 3) with { FreezeBase = true }).backward();
        Assert.All(kinds.Prompts.SelectMany(prompt => prompt.Parameters), parameter =>
        {
            Assert.Equal(own, parameter.Value.dtype);
            Assert.True(parameter.Value.grad!.isfinite().all().IsTrue());
        });
    }

    [SkippableFact]
    public void Options_out_of_range_are_refused_by_name()
    {
        using TransformerModel model = TinyFamilies.Model("llama");
        Refused("VirtualTokens", () => PromptTuning.Create(new() { VirtualTokens = 0 }, model));
        Refused("Text", () => PromptTuning.Create(new() { Initialization = PromptInitialization.Text }, model));
        Refused("Text", () => PromptTuning.Create(new() { Text = "unused" }, model));
        Refused("no tokens", () => PromptTuning.Create(new() { Initialization = PromptInitialization.Text, Text = "" }, model, []));
        Refused("Initialization", () => PromptTuning.Create(new() { Initialization = (PromptInitialization)9 }, model));
        Refused("VirtualTokens", () => PrefixTuning.Create(new() { VirtualTokens = -1 }, model));
        Refused("ProjectionWidth", () => PrefixTuning.Create(new() { ProjectionWidth = 8 }, model));
        Refused("ProjectionWidth", () => PrefixTuning.Create(new() { ProjectionWidth = 0, Projection = true }, model));
        Refused("HiddenWidth", () => PTuning.Create(new() { HiddenWidth = 0 }, model));
        Refused("LstmLayers", () => PTuning.Create(new() { LstmLayers = 0 }, model));
        Refused("Encoder", () => PTuning.Create(new() { Encoder = (PromptEncoder)9 }, model));
        using Tensor small = zeros([2, 3], device: TestDevice.Device);
        Refused("[2, 3]", () => new PromptTuning(small, 3));
        Refused("[2, 3]", () => new PrefixTuning(small, model.Config));

        static void Refused(string name, Func<IDisposable> create) =>
            Assert.Contains(name, Assert.Throws<ArgumentException>(create).Message, StringComparison.Ordinal);
    }

    private static SoftPrompt Create(string method, TransformerModel model) => method switch
    {
        "prompt" => PromptTuning.Create(new() { VirtualTokens = 4, Seed = 3 }, model),
        "prefix" => PrefixTuning.Create(new() { VirtualTokens = 4, Seed = 3 }, model),
        "prefix-projection" => PrefixTuning.Create(new() { VirtualTokens = 4, Seed = 3, Projection = true, ProjectionWidth = 10 }, model),
        "ptuning" => PTuning.Create(new() { VirtualTokens = 4, Seed = 3, HiddenWidth = 10 }, model),
        _ => PTuning.Create(new() { VirtualTokens = 4, Seed = 3, Encoder = PromptEncoder.Lstm, HiddenWidth = 10 }, model),
    };
}
