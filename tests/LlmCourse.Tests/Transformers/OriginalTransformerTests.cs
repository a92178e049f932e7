using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

/// <summary>
/// "Attention is all you need" as TorchSharp has it: nn.Transformer, post-norm with ReLU, one more norm at the end of each
/// stack, [T, B, D].
/// </summary>
public sealed class OriginalTransformerTests
{
    private const int Width = 32;
    private const int Heads = 4;
    private const int Inner = 64;

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void Its_stacks_equal_torchs_own_transformer(int layers)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using TorchSharp.Modules.Transformer theirs = nn.Transformer(Width, Heads, layers, layers, Inner, dropout: 0);
        theirs.to(TestDevice.Device);
        theirs.eval();
        using TransformerModel ours = new(WithFinalNorms(TransformerConfig.Original(10, Width, Heads, layers, Inner, dropout: 0)), seed: 1, device: TestDevice.Device);
        Copy(theirs, ours);

        Sequences source = Sequences.FromRows([[1, 2, 3, 4, 5], [1, 2, 3]], device: TestDevice.Device), target = Sequences.FromRows([[1, 2, 3, 4], [1, 2]], device: TestDevice.Device);
        Tensor sourceStates = Embed(ours, source), targetStates = Embed(ours, target);
        using EncoderState memory = ours.Trunk.Encode(source);
        using Hidden hidden = ours.Trunk.Run(target, null, memory);

        // true hides; padding of the source is hidden from both stacks, what comes later from the decoder.
        Tensor padding = tensor(new[] { false, false, false, false, false, false, false, false, true, true }, [2, 5], device: TestDevice.Device);
        Tensor later = full([4, 4], float.NegativeInfinity, device: TestDevice.Device).triu(1);
        Tensor nothing = zeros(5, 5, device: TestDevice.Device);
        Tensor decoded = theirs.call(sourceStates, targetStates, nothing, later, zeros(4, 5, device: TestDevice.Device), padding, zeros([2, 4], ScalarType.Bool, device: TestDevice.Device), padding);

        TensorAssert.Close(decoded.select(1, 0), hidden.States[0], 1e-5);
        TensorAssert.Close(decoded.select(1, 1).narrow(0, 0, 2), hidden.States[1].narrow(0, 0, 2), 1e-5);
        TensorAssert.Differ(hidden.States[0], hidden.States[1], 0.1);
    }

    [SkippableFact]
    public void The_base_model_has_the_shapes_of_the_paper()
    {
        TransformerConfig config = TransformerConfig.Original(37_000);
        Assert.Equal((512, 6, 8, 64, 2048), (config.Width, config.Decoder!.Layers, config.Decoder.Heads, config.Decoder.HeadSize, config.Decoder.FeedForwardWidth));
        using TransformerModel model = new(config with { VocabularySize = 10 }, ScalarType.Float32, META);
        // Each attention 4 · (512² + 512), each feed-forward 2 · 512 · 2048 + 2048 + 512, each norm 2 · 512:
        // encoder 6 · (1 attention, 1 feed-forward, 2 norms), decoder 6 · (2, 1, 3); one table of 10 rows.
        long attention = 4 * ((512 * 512) + 512), feedForward = (2 * 512 * 2048) + 2048 + 512, norm = 2 * 512;
        Assert.Equal((6 * ((3 * attention) + (2 * feedForward) + (5 * norm))) + (10 * 512), model.ParameterCount);
    }

    [SkippableFact]
    public void Embeddings_are_scaled_and_sines_added_and_the_table_serves_as_output()
    {
        using TransformerModel model = new(TransformerConfig.Original(10, Width, Heads, 1, Inner, dropout: 0), seed: 1, device: TestDevice.Device);
        using Batch batch = Batch.ForEncoderDecoder([[3]], [[4]], decoderStartId: 1, padId: 0, device: TestDevice.Device);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor table = Tiny.Weights(model)["embeddings.tokens.weight"];
        using EncoderState state = model.Trunk.Encode(batch.Input, new ForwardContext { CaptureHiddenStates = true });
        double[] expected = [.. Enumerable.Range(0, Width).Select(i => (table[3, i].Number() * Math.Sqrt(Width)) + (i % 2))]; // sin 0, cos 0
        TensorAssert.Close(expected, state.Hidden.HiddenStates[0], 1e-5);
        using Hidden hidden = model.Trunk.Run(batch.Decoder!, null, state);
        TensorAssert.Close(hidden.States.matmul(table.t()), model.Logits(batch), 1e-5);
    }

    [SkippableFact]
    public void A_width_that_the_heads_do_not_divide_is_refused() =>
        Assert.Throws<ArgumentException>(() => TransformerConfig.Original(10, width: 10, heads: 3));

    private static TransformerConfig WithFinalNorms(TransformerConfig config)
    {
        StackConfig Final(StackConfig stack) => stack with { Norm = stack.Norm with { Final = true } };
        return config with { Encoder = Final(config.Encoder!), Decoder = Final(config.Decoder!) };
    }

    // What our stacks make of ids before their first block, as [T, B, D].
    private static Tensor Embed(TransformerModel model, Sequences sequences)
    {
        Tensor table = Tiny.Weights(model)["embeddings.tokens.weight"];
        Tensor sines = LlmCourse.Transformers.Sinusoidal.Table(Width).AtLeast(sequences.Width, ScalarType.Float32, TestDevice.Device);
        return (table[sequences.Ids].mul(Math.Sqrt(Width)) + sines.narrow(0, 0, sequences.Width)).transpose(0, 1);
    }

    private static void Copy(TorchSharp.Modules.Transformer theirs, TransformerModel ours)
    {
        Dictionary<string, Tensor> weights = theirs.named_parameters().ToDictionary(entry => entry.name, entry => (Tensor)entry.parameter);
        HashSet<string> used = [];
        foreach ((string name, Tensor target) in Tiny.Weights(ours))
        {
            if (name == "embeddings.tokens.weight")
                continue;
            string[] parts = name.Split('.');
            string stack = parts[0], kind = parts[^1];
            (string from, int third) = parts switch
            {
                [_, "final_norm", _] => ($"{stack}.norm.{kind}", -1),
                [_, var i, "feedforward", "norm", _] => ($"{stack}.layers.{i}.norm{(stack == "encoder" ? 2 : 3)}.{kind}", -1),
                [_, var i, "self", "norm", _] => ($"{stack}.layers.{i}.norm1.{kind}", -1),
                [_, var i, "cross", "norm", _] => ($"{stack}.layers.{i}.norm2.{kind}", -1),
                [_, var i, "feedforward", var part, _] => ($"{stack}.layers.{i}.linear{(part == "up" ? 1 : 2)}.{kind}", -1),
                [_, var i, var which, "o", _] => ($"{stack}.layers.{i}.{Attention(which)}.out_proj.{kind}", -1),
                [_, var i, var which, var part, _] => ($"{stack}.layers.{i}.{Attention(which)}.in_proj_{kind}", "qkv".IndexOf(part[0], StringComparison.Ordinal)),
                _ => throw new InvalidOperationException(name),
            };
            using Generator generator = new((ulong)used.Count, CPU);
            if (!from.Contains("linear", StringComparison.Ordinal) && used.Add(from) && weights[from].dim() == 1)
                weights[from].add_(randn(weights[from].shape, device: CPU, generator: generator).mul(0.1).to(TestDevice.Device)); // norms and biases that are not 1 and 0
            used.Add(from);
            target.copy_(third < 0 ? weights[from] : weights[from].narrow(0, third * Width, Width));
        }

        Assert.Equal(weights.Keys.Order(), used.Order());
        static string Attention(string which) => which == "self" ? "self_attn" : "multihead_attn";
    }
}
