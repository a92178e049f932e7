using LlmCourse.Data;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

/// <summary>What a row gets depends neither on the rows beside it nor on padding.</summary>
public sealed class BatchIndependenceTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, bool> Cases()
    {
        TheoryData<string, bool> cases = [];
        foreach (string name in TinyFamilies.Names.Concat(TinyFamilies.NamesByLength))
        {
            cases.Add(name, false);
            cases.Add(name, true);
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Logits_of_a_row_are_those_of_the_row_alone(string name, bool padLeft)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        int[][] rows = TinyFamilies.Rows(1, 9, 4, 1, 13), answers = TinyFamilies.Rows(2, 3, 7, 5, 1);
        bool encoderDecoder = model.Config is { Encoder: not null, Decoder: not null };
        // The pad id is an ordinary token: nothing may depend on it.
        using Batch batch = new(Sequences.FromRows(rows, padId: 5, padLeft, device: TestDevice.Device), encoderDecoder ? Sequences.FromRows(answers, padId: 6, padLeft, device: TestDevice.Device) : null);
        Tensor together = model.Logits(batch);
        Sequences last = batch.Decoder ?? batch.Input;
        for (int r = 0; r < rows.Length; r++)
        {
            using Batch alone = new(Sequences.FromRows([rows[r]], device: TestDevice.Device), encoderDecoder ? Sequences.FromRows([answers[r]], device: TestDevice.Device) : null);
            TinyFamilies.Close(model.Logits(alone)[0], together[r].narrow(0, last.Starts[r], last.Lengths[r]), Tolerance, $"row {r}");
        }
    }

    [SkippableFact]
    public void Padding_may_reach_beyond_the_context()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2"); // 64 positions
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids = tensor(TinyFamilies.Rows(1, 70)[0].Select(id => (long)id).ToArray(), device: TestDevice.Device).unsqueeze(0), mask = arange(70, device: TestDevice.Device).lt(64).to(ScalarType.Int64).unsqueeze(0);
        using Batch padded = new(Sequences.FromTensors(ids, mask)), alone = new(Sequences.FromTensors(ids.narrow(1, 0, 64)));
        TinyFamilies.Close(model.Logits(alone), model.Logits(padded).narrow(1, 0, 64), Tolerance);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.EncoderDecoders), MemberType = typeof(TinyFamilies))]
    public void One_encoded_row_serves_many_decoder_rows(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        int[][] prompt = TinyFamilies.Rows(1, 6), answers = TinyFamilies.Rows(2, 3, 5);
        using Sequences input = Sequences.FromRows(prompt, device: TestDevice.Device), decoder = Sequences.FromRows(answers, device: TestDevice.Device);
        using EncoderState memory = model.Trunk.Encode(input);
        using Hidden hidden = model.Trunk.Run(decoder, memory: memory);
        using Sequences twice = Sequences.FromRows([prompt[0], prompt[0]], device: TestDevice.Device);
        using EncoderState copies = model.Trunk.Encode(twice);
        using Hidden expected = model.Trunk.Run(decoder, memory: copies);
        TinyFamilies.Close(expected.States, hidden.States, 1e-5);
        using Hidden captured = model.Trunk.Run(decoder, new ForwardContext { CaptureAttentions = true }, memory);
        TinyFamilies.Close(expected.States, captured.States, 1e-5);
    }
}
