using LlmCourse.Data;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

/// <summary>Heads, and what a model does as a whole.</summary>
public sealed class TransformerModelTests
{
    [SkippableFact]
    public void A_tied_head_multiplies_by_the_embeddings_scaled_and_capped()
    {
        HeadConfig head = new() { Kind = HeadKind.LanguageModel, Tied = true, Bias = true, FrozenBias = true, Scale = 0.25, Softcap = 2 };
        using TransformerModel model = Tiny.Model(Tiny.Decoder() with { Head = head });
        Dictionary<string, Tensor> weights = Tiny.Weights(model);
        Assert.DoesNotContain("head.output.weight", weights.Keys);
        Assert.DoesNotContain(model.TrainableParameters(), parameter => parameter.shape is [20]);
        using Batch batch = Batch.ForDecoder([[3, 4]], device: TestDevice.Device);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Hidden hidden = model.Trunk.Run(batch.Input);
        Tensor raw = hidden.States.mul(0.25).matmul(weights["embeddings.tokens.weight"].t()) + weights["head.output.bias"];
        TensorAssert.Close(raw.div(2).tanh().mul(2), model.Logits(batch), 1e-5);
    }

    [SkippableFact]
    public void A_masked_language_models_head_has_a_layer_of_its_own()
    {
        HeadConfig head = new() { Kind = HeadKind.MaskedLanguageModel, Tied = true, Bias = true, Transform = Activation.Silu, TransformNorm = true };
        using TransformerModel model = Tiny.Model(Tiny.Encoder() with { Head = head });
        Dictionary<string, Tensor> w = Tiny.Weights(model);
        using Batch batch = new(Sequences.FromRows([[3, 4]], device: TestDevice.Device));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Hidden hidden = model.Trunk.Run(batch.Input);
        Tensor dense = nn.functional.linear(hidden.States, w["head.dense.weight"], w["head.dense.bias"]);
        Tensor normed = nn.functional.layer_norm(dense * dense.sigmoid(), [8], w["head.norm.weight"], w["head.norm.bias"], 1e-5);
        TensorAssert.Close(nn.functional.linear(normed, w["embeddings.tokens.weight"], w["head.output.bias"]), model.Logits(batch), 1e-5);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_classifier_of_an_encoder_reads_the_first_real_token(bool padLeft)
    {
        HeadConfig head = new() { Kind = HeadKind.SequenceClassification, Labels = 3, Bias = true };
        using TransformerModel model = Tiny.Model(Tiny.Encoder() with { Head = head, Pooler = true });
        Dictionary<string, Tensor> w = Tiny.Weights(model);
        using Batch batch = new(Sequences.FromRows([[3, 4, 5], [6]], padLeft: padLeft, device: TestDevice.Device));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Hidden hidden = model.Trunk.Run(batch.Input);
        Tensor first = torch.stack([hidden.States[0, 0], hidden.States[1, padLeft ? 2 : 0]]);
        Tensor pooled = nn.functional.linear(first, w["pooler.weight"], w["pooler.bias"]).tanh();
        TensorAssert.Close(pooled, model.Pooled(hidden), 1e-5);
        TensorAssert.Close(nn.functional.linear(pooled, w["head.output.weight"], w["head.output.bias"]), model.Logits(batch), 1e-5);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_classifier_of_a_decoder_reads_the_last_real_token(bool padLeft)
    {
        HeadConfig head = new() { Kind = HeadKind.SequenceClassification, Labels = 3, Transform = Activation.Tanh };
        using TransformerModel model = Tiny.Model(Tiny.Decoder() with { Head = head });
        Dictionary<string, Tensor> w = Tiny.Weights(model);
        using Batch batch = new(Sequences.FromRows([[3, 4, 5], [6]], padLeft: padLeft, device: TestDevice.Device));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Hidden hidden = model.Trunk.Run(batch.Input);
        Tensor last = torch.stack([hidden.States[0, 2], hidden.States[1, padLeft ? 2 : 0]]);
        Tensor dense = nn.functional.linear(last, w["head.dense.weight"], w["head.dense.bias"]).tanh();
        TensorAssert.Close(nn.functional.linear(dense, w["head.output.weight"]), model.Logits(batch), 1e-5);
    }

    [SkippableFact]
    public void Token_classification_and_values_read_every_position()
    {
        using TransformerModel tokens = Tiny.Model(Tiny.Encoder() with { Head = new HeadConfig { Kind = HeadKind.TokenClassification, Labels = 3 } });
        using TransformerModel values = Tiny.Model(Tiny.Decoder() with { Head = new HeadConfig { Kind = HeadKind.Scalar } });
        using Batch batch = new(Sequences.FromRows([[3, 4, 5]], device: TestDevice.Device));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Assert.Equal([1, 3, 3], tokens.Logits(batch).shape);
        using Hidden hidden = values.Trunk.Run(batch.Input);
        Dictionary<string, Tensor> w = Tiny.Weights(values);
        TensorAssert.Close(hidden.States.matmul(w["head.value.weight"][0]) + w["head.value.bias"], values.Values(hidden), 1e-5);
    }

    [SkippableFact]
    public void What_a_model_has_not_it_says()
    {
        using TransformerModel none = Tiny.Model(Tiny.Encoder());
        using Batch batch = new(Sequences.FromRows([[3]], device: TestDevice.Device));
        using Hidden hidden = none.Trunk.Run(batch.Input);
        Assert.Contains("no logits", Assert.Throws<InvalidOperationException>(() => none.Logits(batch)).Message, StringComparison.Ordinal);
        Assert.Contains("no pooler", Assert.Throws<InvalidOperationException>(() => none.Pooled(hidden)).Message, StringComparison.Ordinal);
        Assert.Contains("no values", Assert.Throws<InvalidOperationException>(() => none.Values(hidden)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void The_seed_decides_the_weights()
    {
        using TransformerModel one = Of(1), same = Of(1), other = Of(2);
        static TransformerModel Of(long seed) => new(Tiny.Decoder(), seed, device: TestDevice.Device);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach ((string name, Tensor weight) in Tiny.Weights(one))
        {
            TensorAssert.Same(weight, Tiny.Weights(same)[name]);
            if (!name.Contains("norm", StringComparison.Ordinal))
                TensorAssert.Differ(weight, Tiny.Weights(other)[name], 1e-3);
        }
    }

    [SkippableFact]
    public void Moved_to_another_type_it_is_the_same_model()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder() with { Head = new HeadConfig { Kind = HeadKind.LanguageModel, Tied = true } });
        using Batch batch = new(Sequences.FromRows([[3, 4, 5]], device: TestDevice.Device));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor before = model.Logits(batch);
        string[] names = [.. model.NamedParameters.Select(entry => entry.Name)];
        model.To(type: ScalarType.Float64);
        Tensor after = model.Logits(batch);
        Assert.Equal(ScalarType.Float64, after.dtype);
        TensorAssert.Close(before, after, 1e-5);
        Assert.Equal(names, model.NamedParameters.Select(entry => entry.Name));
    }

    [SkippableFact]
    public void Forwards_leave_no_tensors_behind()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { Positions = new PositionConfig { Kind = PositionKind.Rotary }, Windows = [2, null] }));
        using Batch batch = new(Sequences.FromRows([[3, 4, 5], [6]], padLeft: true, device: TestDevice.Device));
        using var noGrad = no_grad();
        model.Logits(batch).Dispose(); // what is made once
        long Live() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        long before = Live();
        for (int i = 0; i < 5; i++)
            model.Logits(batch).Dispose();
        Assert.Equal(before, Live());
    }
}
