using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

public sealed class TrunkTests
{
    private static readonly PositionConfig Learned = new() { Kind = PositionKind.Learned, Count = 6, Offset = 2 };

    [SkippableTheory]
    [InlineData(PositionKind.None)]
    [InlineData(PositionKind.Sinusoidal)]
    [InlineData(PositionKind.Learned)]
    [InlineData(PositionKind.Rotary)]
    [InlineData(PositionKind.RelativeBias)]
    public void Padding_on_either_side_changes_nothing(PositionKind kind)
    {
        PositionConfig positions = Learned with { Kind = kind };
        foreach (TransformerConfig config in (TransformerConfig[])[Tiny.Decoder(stack => stack with { Positions = positions }), Tiny.Encoder(stack => stack with { Positions = positions })])
        {
            using TransformerModel model = Tiny.Model(config);
            using Sequences alone = Sequences.FromRows([[8, 9]], device: TestDevice.Device), right = Sequences.FromRows([[3, 4, 5, 6], [8, 9]], device: TestDevice.Device), left = Sequences.FromRows([[3, 4, 5, 6], [8, 9]], padLeft: true, device: TestDevice.Device);
            using Hidden one = Tiny.Run(model, alone), behind = Tiny.Run(model, right), before = Tiny.Run(model, left);
            using var scope = NewDisposeScope();
            TensorAssert.Close(one.States[0], behind.States[1].narrow(0, 0, 2), 1e-5);
            TensorAssert.Close(one.States[0], before.States[1].narrow(0, 2, 2), 1e-5);
            TensorAssert.Close(behind.States[0], before.States[0], 1e-5);
        }
    }

    [SkippableTheory]
    [InlineData(3)] // as many decoder columns as encoder columns
    [InlineData(2)]
    public void A_decoder_does_not_read_the_padding_of_its_encoder(int width)
    {
        using TransformerModel model = Tiny.Model(Tiny.EncoderDecoder());
        int[] answer = [1, 2, 3];
        using Sequences decoder = Sequences.FromRows([answer[..width], answer[..width]], device: TestDevice.Device), decoderAlone = Sequences.FromRows([answer[..width]], device: TestDevice.Device);
        using Sequences alone = Sequences.FromRows([[8]], device: TestDevice.Device), right = Sequences.FromRows([[5, 6, 7], [8]], device: TestDevice.Device), left = Sequences.FromRows([[5, 6, 7], [8]], padLeft: true, device: TestDevice.Device);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor Second(Sequences input, Sequences target)
        {
            using EncoderState state = model.Trunk.Encode(input);
            using Hidden hidden = model.Trunk.Run(target, null, state);
            return hidden.States[-1].clone();
        }

        Tensor expected = Second(alone, decoderAlone);
        TensorAssert.Close(expected, Second(right, decoder), 1e-5);
        TensorAssert.Close(expected, Second(left, decoder), 1e-5);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Packed_sequences_are_as_if_alone(bool causal)
    {
        PositionConfig positions = Learned with { Count = 5 }; // three positions: enough for each sequence, not for a row
        using TransformerModel model = Tiny.Model(causal ? Tiny.Decoder(stack => stack with { Positions = positions }) : Tiny.Encoder(stack => stack with { Positions = positions }));
        using Sequences packed = Sequences.Packed([[[3, 4, 5], [6, 7]], [[8]]], device: TestDevice.Device), first = Sequences.FromRows([[3, 4, 5]], device: TestDevice.Device), second = Sequences.FromRows([[6, 7]], device: TestDevice.Device), third = Sequences.FromRows([[8]], device: TestDevice.Device);
        using Hidden together = Tiny.Run(model, packed), one = Tiny.Run(model, first), two = Tiny.Run(model, second), three = Tiny.Run(model, third);
        using var scope = NewDisposeScope();
        Assert.False(together.States.isnan().any().IsTrue());
        TensorAssert.Close(one.States[0], together.States[0].narrow(0, 0, 3), 1e-5);
        TensorAssert.Close(two.States[0], together.States[0].narrow(0, 3, 2), 1e-5);
        TensorAssert.Close(three.States[0], together.States[1].narrow(0, 0, 1), 1e-5);
    }

    [SkippableFact]
    public void Virtual_tokens_stand_in_front_of_each_packed_sequence()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { Positions = new PositionConfig { Kind = PositionKind.Learned, Count = 6 } }));
        using Tensor embeddings = ones([2, 8], device: TestDevice.Device).mul(0.3);
        using PromptTuning prompt = new(embeddings, 2);
        ForwardContext context = new() { Virtual = new(prompt) };
        using Sequences packed = Sequences.Packed([[[3, 4, 5], [6, 7]]], device: TestDevice.Device), first = Sequences.FromRows([[3, 4, 5]], device: TestDevice.Device), second = Sequences.FromRows([[6, 7]], device: TestDevice.Device);
        using Hidden together = Tiny.Run(model, packed, context), one = Tiny.Run(model, first, context), two = Tiny.Run(model, second, context);
        using var scope = NewDisposeScope();
        Assert.Equal([1, 2, 8], together.Prefix!.shape);
        TensorAssert.Close(one.Prefix!, together.Prefix, 1e-5);
        TensorAssert.Close(one.States[0], together.States[0].narrow(0, 0, 3), 1e-5);
        TensorAssert.Close(two.States[0], together.States[0].narrow(0, 3, 2), 1e-5);
        using TransformerModel encoder = Tiny.Model(Tiny.Encoder());
        Assert.Throws<ArgumentException>(() => Tiny.Run(encoder, packed, context));
    }

    [SkippableFact]
    public void Cross_attention_refuses_packed_rows()
    {
        using TransformerModel model = Tiny.Model(Tiny.EncoderDecoder());
        using Sequences packed = Sequences.Packed([[[3], [4]]], device: TestDevice.Device), plain = Sequences.FromRows([[3, 4]], device: TestDevice.Device);
        Assert.Throws<ArgumentException>(() => model.Trunk.Encode(packed));
        using EncoderState state = model.Trunk.Encode(plain);
        Assert.Throws<ArgumentException>(() => model.Trunk.Run(packed, null, state));
    }

    [SkippableFact]
    public void Token_types_are_added_and_zero_where_not_given()
    {
        using TransformerModel model = Tiny.Model(Tiny.Encoder(stack => stack with { TokenTypes = 2 }));
        using Sequences none = Sequences.FromRows([[3, 4], [5]], device: TestDevice.Device), zero = Sequences.FromRows([[3, 4], [5]], tokenTypes: [[0, 0], [0]], device: TestDevice.Device), some = Sequences.FromRows([[3, 4], [5]], tokenTypes: [[0, 1], [0]], device: TestDevice.Device);
        using Hidden a = Tiny.Run(model, none, new ForwardContext { CaptureHiddenStates = true }), b = Tiny.Run(model, zero), c = Tiny.Run(model, some, new ForwardContext { CaptureHiddenStates = true });
        TensorAssert.Same(a.States, b.States);
        using var scope = NewDisposeScope();
        Tensor table = Tiny.Weights(model)["encoder.token_types.weight"];
        TensorAssert.Close(table[1] - table[0], c.HiddenStates[0][0, 1] - a.HiddenStates[0][0, 1], 1e-6);
        using Sequences wrong = Sequences.FromRows([[3]], tokenTypes: [[2]], device: TestDevice.Device);
        Assert.Contains("0 to 1", Assert.Throws<ArgumentException>(() => Tiny.Run(model, wrong)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Ids_outside_the_vocabulary_are_named()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder());
        using Sequences high = Sequences.FromRows([[3, 20]], device: TestDevice.Device), low = Sequences.FromRows([[3, -1]], device: TestDevice.Device);
        Assert.Contains("Token id 20 is outside the vocabulary of 20", Assert.Throws<ArgumentException>(() => Tiny.Run(model, high)).Message, StringComparison.Ordinal);
        Assert.Contains("Token id -1", Assert.Throws<ArgumentException>(() => Tiny.Run(model, low)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_text_longer_than_a_trained_table_is_refused()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { Positions = Learned }));
        using Sequences fits = Sequences.FromRows([[1, 2, 3, 4]], device: TestDevice.Device), longer = Sequences.FromRows([[1, 2, 3, 4, 5]], device: TestDevice.Device);
        Tiny.Run(model, fits).Dispose();
        Assert.Contains("4 positions", Assert.Throws<SequenceTooLongException>(() => Tiny.Run(model, longer)).Message, StringComparison.Ordinal);
        using Tensor ids = ones([1, 6], ScalarType.Int64, device: TestDevice.Device), mask = tensor(new long[] { 1, 1, 1, 0, 0, 0 }, [1, 6], device: TestDevice.Device);
        using Sequences padded = Sequences.FromTensors(ids, mask); // only the padding is too long
        Tiny.Run(model, padded).Dispose();
    }

    [SkippableFact]
    public void Encode_and_Run_say_what_they_are_for()
    {
        using TransformerModel decoder = Tiny.Model(Tiny.Decoder()), both = Tiny.Model(Tiny.EncoderDecoder());
        using Sequences input = Sequences.FromRows([[3]], device: TestDevice.Device);
        using Batch batch = new(Sequences.FromRows([[3]], device: TestDevice.Device));
        Assert.Throws<InvalidOperationException>(() => decoder.Trunk.Encode(input));
        Assert.Throws<ArgumentException>(() => both.Trunk.Run(input));
        Assert.Throws<ArgumentException>(() => both.Logits(batch));
    }

    [SkippableFact]
    public void A_cache_in_steps_equals_one_pass()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { Heads = 4, KeyValueHeads = 2, Windows = [3, null], Positions = new PositionConfig { Kind = PositionKind.Rotary } }));
        using KeyValueCache cache = new(model.Config.Decoder!, rows: 2, capacity: 2);
        ForwardContext context = new() { Cache = cache };
        using Sequences first = Sequences.FromRows([[3, 4, 5], [6]], device: TestDevice.Device), second = Sequences.FromRows([[7, 8], [9, 10]], device: TestDevice.Device), third = Sequences.FromRows([[11], [12]], device: TestDevice.Device);
        using Sequences whole = Sequences.FromRows([[3, 4, 5, 7, 8, 11], [6, 9, 10, 12]], device: TestDevice.Device);
        Tiny.Run(model, first, context).Dispose();
        using Hidden middle = Tiny.Run(model, second, context), last = Tiny.Run(model, third, context), all = Tiny.Run(model, whole);
        using var scope = NewDisposeScope();
        TensorAssert.Close(all.States[0].narrow(0, 3, 2), middle.States[0], 1e-5);
        TensorAssert.Close(all.States[1].narrow(0, 1, 2), middle.States[1], 1e-5);
        TensorAssert.Close(all.States[0, 5], last.States[0, 0], 1e-5);
        TensorAssert.Close(all.States[1, 3], last.States[1, 0], 1e-5);
    }
}
