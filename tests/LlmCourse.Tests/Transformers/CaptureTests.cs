using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

/// <summary>Looking inside changes nothing, and one run of the trunk serves several heads.</summary>
public sealed class CaptureTests
{
    private static readonly ForwardContext Everything = new() { CaptureHiddenStates = true, CaptureAttentions = true };

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Captured_runs_equal_plain_ones(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 8, 5, 6));
        using Hidden plain = model.Trunk.Run(batch, ForwardContext.Evaluation), captured = model.Trunk.Run(batch, Everything);
        TinyFamilies.Close(plain.States, captured.States, 1e-5);
        Assert.Empty(plain.HiddenStates);
        Assert.Empty(plain.Attentions);
        Assert.Equal(model.Config.Last.Layers + 1, captured.HiddenStates.Count);
        TinyFamilies.SameBits(captured.States, captured.HiddenStates[^1]);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Attention_weights_are_distributions_over_what_may_be_seen(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 8, 5, 6));
        using EncoderState? memory = batch.Decoder is null ? null : model.Trunk.Encode(batch.Input, Everything);
        using Hidden hidden = model.Trunk.Run(batch.Decoder ?? batch.Input, Everything, memory);

        Assert.Equal(model.Config.Last.Layers, hidden.Attentions.Count);
        Assert.Equal(memory is null ? 0 : model.Config.Last.Layers, hidden.CrossAttentions.Count);
        foreach (Tensor weights in hidden.Attentions)
        {
            Assert.Equal([3, 4, 8, 8], weights.shape);
            Distribution(weights);
            if (model.Config.Last.Causal)
                Assert.Equal(0, weights.triu(1).abs().max().Number());
            else
                Assert.Equal(0, weights[1].narrow(-2, 0, 5).narrow(-1, 5, 3).abs().max().Number());
        }

        foreach (Tensor weights in hidden.CrossAttentions)
        {
            Distribution(weights);
            Assert.Equal(0, weights[1].narrow(-1, 5, 3).abs().max().Number());
        }
    }

    [SkippableFact]
    public void Value_head_and_language_model_head_read_one_run()
    {
        using TransformerModel model = TinyFamilies.Model("llama");
        using ParameterStore store = new(ScalarType.Float32, TestDevice.Device);
        ScalarHead value = new(store, model.Config.Width, "value");
        foreach ((string _, TorchSharp.Modules.Parameter parameter) in store.Named)
            nn.init.normal_(parameter);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 8, 5));
        TorchSharp.Modules.Parameter shared = model.TrainableParameters().First();

        Tensor Gradient(Func<Hidden, Tensor> loss)
        {
            shared.grad = null;
            using var scope = NewDisposeScope();
            using Hidden hidden = model.Trunk.Run(batch, ForwardContext.Evaluation);
            loss(hidden).backward();
            return shared.grad!.clone().MoveToOuterDisposeScope();
        }

        Tensor Values(Hidden hidden) => value.Values(hidden, ForwardContext.Evaluation).sum();
        Tensor Words(Hidden hidden) => model.Logits(hidden, batch.Input, ForwardContext.Evaluation).logsumexp(-1).sum();
        using Tensor both = Gradient(hidden => Values(hidden) + Words(hidden)), first = Gradient(Values), second = Gradient(Words);
        using Tensor sum = first + second;
        Assert.True(first.abs().max().Number() > 0);
        TinyFamilies.Close(sum, both, 1e-4);

        using Hidden once = model.Trunk.Run(batch, ForwardContext.Evaluation);
        using Tensor values = value.Values(once, ForwardContext.Evaluation);
        Assert.Equal([2, 8], values.shape);
    }

    private static void Distribution(Tensor weights)
    {
        Assert.True(weights.min().Number() >= 0);
        TinyFamilies.Close(ones([.. weights.shape[..^1]], device: TestDevice.Device), weights.sum(-1), 1e-5);
    }
}
