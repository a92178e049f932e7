using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

public sealed class AttentionTests
{
    private static readonly int[][] Ragged = [[3, 4, 5, 6, 7], [8, 9], [10, 11, 12]];

    private static readonly Dictionary<string, (TransformerConfig Config, Func<Sequences> Input)> Cases = new()
    {
        ["causal"] = (Tiny.Decoder(), () => Sequences.FromRows(Ragged, device: TestDevice.Device)),
        ["causal, left-padded"] = (Tiny.Decoder(), () => Sequences.FromRows(Ragged, padLeft: true, device: TestDevice.Device)),
        ["causal, packed"] = (Tiny.Decoder(), () => Sequences.Packed([[[3, 4], [5, 6, 7]], [[8, 9, 10]]], device: TestDevice.Device)),
        ["windows"] = (Tiny.Decoder(stack => stack with { Windows = [2, null] }), () => Sequences.FromRows(Ragged, device: TestDevice.Device)),
        ["windows, left-padded"] = (Tiny.Decoder(stack => stack with { Windows = [null, 2] }), () => Sequences.FromRows(Ragged, padLeft: true, device: TestDevice.Device)),
        ["grouped queries"] = (Tiny.Decoder(stack => stack with { Heads = 4, KeyValueHeads = 2 }), () => Sequences.FromRows(Ragged, device: TestDevice.Device)),
        ["multi-query, fused"] = (Tiny.Decoder(stack => stack with { KeyValueHeads = 1, FusedQueryKeyValue = true, QueryKeyValueBias = true }), () => Sequences.FromRows(Ragged, device: TestDevice.Device)),
        ["by head"] = (Tiny.Decoder(stack => stack with { FusedQueryKeyValue = true, QueryKeyValueByHead = true, QueryKeyValueBias = true }), () => Sequences.FromRows(Ragged, device: TestDevice.Device)),
        ["queries and keys normalised over all heads"] = (Tiny.Decoder(stack => stack with { Heads = 4, KeyValueHeads = 2, QueryKeyNorm = true, JointQueryKeyNorm = true }), () => Sequences.FromRows(Ragged, padLeft: true, device: TestDevice.Device)),
        ["normalised queries and keys"] = (Tiny.Decoder(stack => stack with { QueryKeyNorm = true, AttentionScale = 2 }), () => Sequences.FromRows(Ragged, device: TestDevice.Device)),
        ["rotary"] = (Tiny.Decoder(stack => stack with { Positions = new PositionConfig { Kind = PositionKind.Rotary } }), () => Sequences.FromRows(Ragged, padLeft: true, device: TestDevice.Device)),
        ["rotary in some layers"] = (Tiny.Decoder(stack => stack with { Positions = new PositionConfig { Kind = PositionKind.Rotary }, LayerPositions = [new PositionConfig { Kind = PositionKind.Rotary, Theta = 10 }, new PositionConfig()], Windows = [3, null] }), () => Sequences.Packed([[[3, 4], [5, 6, 7]], [[8, 9, 10]]], device: TestDevice.Device)),
        ["relative bias, causal"] = (Tiny.Decoder(stack => stack with { Positions = new PositionConfig { Kind = PositionKind.RelativeBias } }), () => Sequences.FromRows(Ragged, device: TestDevice.Device)),
        ["encoder"] = (Tiny.Encoder(), () => Sequences.FromRows(Ragged, device: TestDevice.Device)),
        ["encoder, dense"] = (Tiny.Encoder(), () => Sequences.FromRows([[1, 2, 3]], device: TestDevice.Device)),
        ["encoder, left-padded"] = (Tiny.Encoder(), () => Sequences.FromRows(Ragged, padLeft: true, device: TestDevice.Device)),
        ["encoder, windows"] = (Tiny.Encoder(stack => stack with { Windows = [2, null] }), () => Sequences.FromRows(Ragged, padLeft: true, device: TestDevice.Device)),
        ["encoder, packed"] = (Tiny.Encoder(), () => Sequences.Packed([[[3, 4], [5, 6, 7]], [[8, 9, 10]]], device: TestDevice.Device)),
        ["relative bias, encoder"] = (Tiny.Encoder(stack => stack with { Positions = new PositionConfig { Kind = PositionKind.RelativeBias } }), () => Sequences.FromRows(Ragged, device: TestDevice.Device)),
    };

    public static TheoryData<string> Names => new(Cases.Keys);

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void With_every_intermediate_at_hand_it_is_what_the_kernel_gives(string name)
    {
        (TransformerConfig config, Func<Sequences> make) = Cases[name];
        using TransformerModel model = Tiny.Model(config);
        using Sequences input = make();
        using Hidden plain = Tiny.Run(model, input), captured = Tiny.Run(model, input, new ForwardContext { CaptureAttentions = true });
        TensorAssert.Close(plain.States, captured.States, 2e-5);
        Assert.Empty(plain.Attentions);
        Assert.Equal(2, captured.Attentions.Count);
        using var scope = NewDisposeScope();
        foreach (Tensor weights in captured.Attentions)
        {
            Assert.Equal([input.Count, config.Last.Heads, input.Width, input.Width], weights.shape);
            TensorAssert.Close(ones(weights.shape[..3], device: TestDevice.Device), weights.sum(-1), 1e-5);
        }
    }

    [SkippableFact]
    public void Cross_attention_is_captured_beside_self_attention()
    {
        using TransformerModel model = Tiny.Model(Tiny.EncoderDecoder());
        using Batch batch = Batch.ForEncoderDecoder(Ragged, [[1, 2, 3], [4], [5, 6]], decoderStartId: 0, padId: 0, device: TestDevice.Device);
        using var noGrad = no_grad();
        using Hidden plain = model.Trunk.Run(batch, ForwardContext.Evaluation);
        using Hidden captured = model.Trunk.Run(batch, new ForwardContext { CaptureAttentions = true });
        TensorAssert.Close(plain.States, captured.States, 2e-5);
        Assert.Equal([3, 2, 3, 5], captured.CrossAttentions[1].shape);
        using Tensor hidden = captured.CrossAttentions[1][1].narrow(-1, 2, 3); // the padding of row 1
        Assert.Equal(0, hidden.max().Number());
    }

    [SkippableFact]
    public void One_layer_and_head_by_hand()
    {
        // D = d = 2, W = identity everywhere, scale 1: scores of the second of (1, 0), (0, 2) are (0, 4), weights
        // 1/(1 + e⁴) and e⁴/(1 + e⁴); the values are the inputs themselves; a ReLU feed-forward of zeros adds nothing.
        TransformerConfig config = new()
        {
            VocabularySize = 2,
            Width = 2,
            Decoder = new StackConfig { Layers = 1, Heads = 1, HeadSize = 2, FeedForwardWidth = 1, Causal = true, AttentionScale = 1, Norm = new NormConfig { Placement = NormPlacement.Output } },
        };
        using var scope = NewDisposeScope();
        using TransformerModel model = Tiny.Model(config);
        Dictionary<string, Tensor> weights = Tiny.Weights(model);
        using (no_grad())
        {
            weights["embeddings.tokens.weight"].copy_(tensor(new float[] { 1, 0, 0, 2 }, [2, 2], device: TestDevice.Device));
            foreach (string part in (string[])["q", "k", "v", "o"])
                weights[$"decoder.0.self.{part}.weight"].copy_(eye(2, device: TestDevice.Device));
            weights["decoder.0.feedforward.down.weight"].zero_();
            foreach (string norm in (string[])["self", "feedforward"])
            {
                weights[$"decoder.0.{norm}.output_norm.weight"].fill_(1);
                weights[$"decoder.0.{norm}.output_norm.bias"].zero_();
            }
        }

        using Sequences input = Sequences.FromRows([[0, 1]], device: TestDevice.Device);
        using Hidden hidden = Tiny.Run(model, input, new ForwardContext { CaptureAttentions = true });
        double second = Math.Exp(4) / (1 + Math.Exp(4));
        TensorAssert.Close([1, 0, 1 - second, second], hidden.Attentions[0]);
        // LayerNorm of two different numbers (a, b) is ±1 by which is larger (ε aside): (1, −1), and (−1, 1).
        TensorAssert.Close([1 + 1, 0 - 1, 0 - 1, 2 + 1], hidden.States, 1e-4);
    }

    [SkippableFact]
    public void Softcap_bends_scores_before_the_softmax()
    {
        using var scope = NewDisposeScope();
        using Sequences input = Sequences.FromRows([[3, 4, 5]], device: TestDevice.Device);
        Tensor Weights(Func<StackConfig, StackConfig> change)
        {
            using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => change(stack with { Layers = 1, AttentionScale = 3 })));
            using Hidden hidden = Tiny.Run(model, input, new ForwardContext { CaptureAttentions = true });
            return hidden.Attentions[0].clone();
        }

        // Softmax forgets a constant only, so scores relative to the first are ln(w / w₀): the formula on the model's own scores.
        using TransformerModel reference = Tiny.Model(Tiny.Decoder(stack => stack with { Layers = 1, AttentionScale = 3 }));
        Dictionary<string, Tensor> weights = Tiny.Weights(reference);
        Tensor x = nn.functional.layer_norm(weights["embeddings.tokens.weight"][tensor(new long[] { 3, 4, 5 }, device: TestDevice.Device)], [8], weights["decoder.0.self.norm.weight"], weights["decoder.0.self.norm.bias"], 1e-5);
        Tensor q = x.matmul(weights["decoder.0.self.q.weight"].t()).view(3, 2, 4).transpose(0, 1), k = x.matmul(weights["decoder.0.self.k.weight"].t()).view(3, 2, 4).transpose(0, 1);
        Tensor scores = q.matmul(k.transpose(1, 2)).mul(3);
        Tensor hidden = ones([3, 3], ScalarType.Bool, device: TestDevice.Device).triu(1);
        Tensor Expected(Tensor bent) => bent.masked_fill(hidden, float.NegativeInfinity).softmax(-1).unsqueeze(0);
        TensorAssert.Close(Expected(scores), Weights(stack => stack), 1e-5);
        TensorAssert.Close(Expected(scores.div(2).tanh().mul(2)), Weights(stack => stack with { AttentionSoftcap = 2 }), 1e-5);
    }

    [SkippableFact]
    public void Windows_may_alternate_from_layer_to_layer()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { Windows = [2, null] }));
        using Sequences input = Sequences.FromRows([[3, 4, 5, 6]], device: TestDevice.Device);
        using Hidden hidden = Tiny.Run(model, input, new ForwardContext { CaptureAttentions = true });
        using var scope = NewDisposeScope();
        bool[] first = [.. hidden.Attentions[0][0, 0].reshape(-1).gt(0).cpu().data<bool>()], second = [.. hidden.Attentions[1][0, 0].reshape(-1).gt(0).cpu().data<bool>()];
        Assert.Equal("1000 1100 0110 0011", Show(first));
        Assert.Equal("1000 1100 1110 1111", Show(second));
        static string Show(bool[] flat) => string.Join(' ', flat.Chunk(4).Select(row => string.Concat(row.Select(sees => sees ? '1' : '0'))));
    }

    [SkippableFact]
    public void Positions_may_differ_from_layer_to_layer()
    {
        PositionConfig near = new() { Kind = PositionKind.Rotary, Theta = 3 }, far = new() { Kind = PositionKind.Rotary, Theta = 500 }, none = new();
        using Sequences input = Sequences.FromRows([[3, 4, 5, 6], [7, 8]], padLeft: true, device: TestDevice.Device);
        using var scope = NewDisposeScope();

        // The first layer adds nothing, so both layers read the embeddings and differ by their positions alone.
        Tensor[] Attentions(PositionConfig first, PositionConfig second)
        {
            using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { Positions = near, LayerPositions = [first, second] }));
            using (no_grad())
            {
                Tiny.Weights(model)["decoder.0.self.o.weight"].zero_();
                Tiny.Weights(model)["decoder.0.feedforward.down.weight"].zero_();
            }

            using Hidden hidden = Tiny.Run(model, input, new ForwardContext { CaptureAttentions = true });
            return [.. hidden.Attentions.Select(weights => weights.clone())];
        }

        Tensor[] mixed = Attentions(near, far);
        TensorAssert.Close(Attentions(near, near)[0], mixed[0], 0);
        TensorAssert.Close(Attentions(far, far)[1], mixed[1], 0);
        TensorAssert.Close(Attentions(none, none)[1], Attentions(far, none)[1], 0);
        Assert.True(Attentions(none, none)[1].sub(mixed[1]).abs().max().Number() > 0.01);
    }

    [SkippableFact]
    public void Queries_keys_and_values_of_one_head_after_the_other_are_the_same_model_in_another_order()
    {
        using var scope = NewDisposeScope();
        using TransformerModel blocks = Tiny.Model(Tiny.Decoder(stack => stack with { FusedQueryKeyValue = true })),
            heads = Tiny.Model(Tiny.Decoder(stack => stack with { FusedQueryKeyValue = true, QueryKeyValueByHead = true }));
        using (no_grad())
        {
            foreach ((string name, Tensor weight) in Tiny.Weights(blocks))
            {
                // [3·H·d, D] → [3, H, d, D] → [H, 3, d, D]
                Tensor same = name.EndsWith("qkv.weight", StringComparison.Ordinal) ? weight.view(3, 2, 4, 8).transpose(0, 1).reshape(24, 8) : weight;
                Tiny.Weights(heads)[name].copy_(same);
            }
        }

        using Sequences input = Sequences.FromRows(Ragged, device: TestDevice.Device);
        using Hidden first = Tiny.Run(blocks, input), second = Tiny.Run(heads, input);
        TensorAssert.Close(first.States, second.States, 1e-5);
    }

    [SkippableFact]
    public void Normalised_queries_and_keys_make_scores_blind_to_their_length()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { QueryKeyNorm = true, Norm = new NormConfig { Kind = NormKind.Rms, Epsilon = 0 } }));
        using Sequences input = Sequences.FromRows([[3, 4, 5, 6]], device: TestDevice.Device);
        using Hidden before = Tiny.Run(model, input);
        using (no_grad())
            Tiny.Weights(model)["decoder.0.self.q.weight"].mul_(7);
        using Hidden after = Tiny.Run(model, input);
        TensorAssert.Close(before.States, after.States, 1e-5);
    }
}
