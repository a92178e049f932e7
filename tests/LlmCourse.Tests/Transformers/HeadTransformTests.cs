using LlmCourse.Data;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

/// <summary>What heads do in front of their output layer, and what they read.</summary>
public sealed class HeadTransformTests
{
    [SkippableFact]
    public void The_mean_is_over_the_real_tokens_of_a_row_whatever_the_padding()
    {
        TransformerConfig config = Tiny.Encoder() with { Head = new HeadConfig { Kind = HeadKind.SequenceClassification, Labels = 3, Mean = true } };
        using TransformerModel model = Tiny.Model(config);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor weight = model.NamedParameters.Single(entry => entry.Name == "head.output.weight").Parameter;
        int[][] rows = [[3, 4, 5, 6], [7, 8]];
        foreach (bool left in new[] { false, true })
        {
            using Batch batch = new(Sequences.FromRows(rows, padLeft: left, device: TestDevice.Device));
            using Hidden hidden = model.Trunk.Run(batch.Input);
            Tensor logits = model.Logits(batch);
            for (int r = 0; r < rows.Length; r++)
            {
                Tensor mean = hidden.States[r].narrow(0, batch.Input.Starts[r], rows[r].Length).mean([0]);
                TensorAssert.Close(weight.mv(mean), logits[r], 1e-5);
            }
        }
    }

    [SkippableFact]
    public void Every_head_may_have_one()
    {
        foreach (HeadKind kind in new[] { HeadKind.MaskedLanguageModel, HeadKind.SequenceClassification, HeadKind.TokenClassification, HeadKind.Scalar })
        {
            HeadConfig head = new() { Kind = kind, Labels = 3, Transform = Activation.Tanh, TransformBias = false, TransformNorm = true };
            using TransformerModel model = Tiny.Model(Tiny.Encoder() with { Head = head });
            string[] names = [.. model.NamedParameters.Select(entry => entry.Name).Where(name => name.StartsWith("head.", StringComparison.Ordinal))];
            Assert.Contains("head.dense.weight", names);
            Assert.DoesNotContain("head.dense.bias", names);
            Assert.Contains("head.norm.weight", names);
            Assert.Contains(model.Sites, site => site.Name == "head.dense");
        }
    }

    [Fact]
    public void Tables_of_another_width_need_a_transform_before_a_tied_output()
    {
        TransformerConfig config = Tiny.Encoder() with { EmbeddingWidth = 4, Head = new HeadConfig { Kind = HeadKind.MaskedLanguageModel, Tied = true } };
        Assert.Contains("EmbeddingWidth", Assert.Throws<ArgumentException>(() => config.Validate()).Message, StringComparison.Ordinal);
        using TransformerModel model = new(config with { Head = config.Head with { Transform = Activation.Gelu } }, seed: 1);
        Assert.Equal([20, 4], model.NamedParameters.First().Parameter.shape);
        Assert.Contains("Mean", Assert.Throws<ArgumentException>(() => (Tiny.Decoder() with { Head = new HeadConfig { Kind = HeadKind.SequenceClassification, Labels = 2, Mean = true } }).Validate()).Message, StringComparison.Ordinal);
    }
}
