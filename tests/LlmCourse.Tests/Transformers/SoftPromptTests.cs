using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

/// <summary>Virtual embeddings in front of every row: they act, and nobody else has to count them.</summary>
public sealed class SoftPromptTests
{
    private const int Virtual = 3;
    private static readonly int[][] Prompts = TinyFamilies.Rows(6, 7, 2, 5);
    private static readonly int[][] Answers = TinyFamilies.Rows(8, 4, 6, 1);

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Hidden_states_stay_on_the_batchs_own_positions(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using PromptTuning prompt = Prompt(model);
        ForwardContext view = new() { Virtual = new(prompt), CaptureHiddenStates = true };
        using var noGrad = no_grad();
        using Sequences input = Sequences.FromRows(Prompts, padLeft: true, device: TestDevice.Device);
        using EncoderState? memory = Seq2Seq(model) ? model.Trunk.Encode(input, view) : null;
        using Hidden? own = memory is null ? model.Trunk.Run(input, view) : null;
        Hidden hidden = memory?.Hidden ?? own!;
        Assert.Equal([3, 7, model.Config.StateWidth], hidden.States.shape);
        Assert.Equal([3, Virtual, model.Config.StateWidth], hidden.Prefix!.shape);
        Assert.All(hidden.HiddenStates.SkipLast(1), states => Assert.Equal([3, 7, model.Config.Width], states.shape));
        Assert.Equal(hidden.States.shape, hidden.HiddenStates[^1].shape);
        using Sequences decoder = Sequences.FromRows(Answers, device: TestDevice.Device);
        using Hidden? decoded = memory is null ? null : model.Trunk.Run(decoder, view, memory);
        Assert.Null(decoded?.Prefix);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Padding_changes_nothing_behind_a_soft_prompt(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using PromptTuning prompt = Prompt(model);
        ForwardContext view = new() { Virtual = new(prompt) };
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        bool seq2Seq = Seq2Seq(model);
        foreach (bool left in new[] { true, false })
        {
            using Batch batch = new(Sequences.FromRows(Prompts, 5, left, device: TestDevice.Device), seq2Seq ? Sequences.FromRows(Answers, device: TestDevice.Device) : null);
            Tensor together = model.Logits(batch, view);
            Sequences last = batch.Decoder ?? batch.Input;
            for (int r = 0; r < Prompts.Length; r++)
            {
                using Batch alone = new(Sequences.FromRows([Prompts[r]], device: TestDevice.Device), seq2Seq ? Sequences.FromRows([Answers[r]], device: TestDevice.Device) : null);
                Tensor expected = model.Logits(alone, view)[0];
                TinyFamilies.Close(expected, together[r].narrow(0, last.Starts[r], last.Lengths[r]), 1e-4, $"row {r}, left {left}");
                if (left)
                    Assert.True(TinyFamilies.Difference(expected, model.Logits(alone)[0]) > 0.01);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Virtual_embeddings_that_are_token_embeddings_are_those_tokens(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        int[] tokens = TinyFamilies.Rows(9, Virtual)[0];
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using PromptTuning prompt = new(model.Trunk.Scaled(model.Trunk.TokenTable.Whole.index_select(0, tensor(tokens.Select(id => (long)id).ToArray(), device: TestDevice.Device))), Virtual);
        ForwardContext view = new() { Virtual = new(prompt) };
        bool seq2Seq = Seq2Seq(model);
        int[][] longer = [.. Prompts.Select(row => tokens.Concat(row).ToArray())];
        using Batch with = new(Sequences.FromRows(Prompts, device: TestDevice.Device), seq2Seq ? Sequences.FromRows(Answers, device: TestDevice.Device) : null);
        using Batch without = new(Sequences.FromRows(longer, device: TestDevice.Device), seq2Seq ? Sequences.FromRows(Answers, device: TestDevice.Device) : null);
        Tensor expected = model.Logits(without), logits = model.Logits(with, view);
        for (int r = 0; r < Prompts.Length; r++)
        {
            int length = seq2Seq ? Answers[r].Length : Prompts[r].Length;
            TinyFamilies.Close(expected[r].narrow(0, seq2Seq ? 0 : Virtual, length), logits[r].narrow(0, 0, length), 1e-4);
        }

        if (model.Config.Decoder is null)
            return;

        // The first real token has a loss term, read from the last virtual position.
        using Batch train = seq2Seq ? TinyFamilies.Batch(model, Prompts) : Batch.ForDecoder(Prompts, device: TestDevice.Device);
        using Batch same = seq2Seq
            ? new Batch(Sequences.FromRows(longer, device: TestDevice.Device), Sequences.FromTensors(train.Decoder!.Ids), train.Labels!.clone())
            : Batch.ForDecoder(longer, [Virtual, Virtual, Virtual], device: TestDevice.Device);
        Tensor want = SupervisedLoss.Of(model, same, ForwardContext.Evaluation), got = SupervisedLoss.Of(model, train, view);
        Assert.Equal(want.Number(), got.Number(), 1e-5);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void Generation_reads_them_once_and_does_not_count_them(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using PromptTuning prompt = Prompt(model);
        ForwardContext view = new() { Virtual = new(prompt) };
        TokenGenerator generator = new(model, view, GenerationDefaults.None);
        GenerationOptions options = new() { MaxNewTokens = 8 };
        IReadOnlyList<Completion> together = generator.Generate(Prompts, options);
        for (int r = 0; r < Prompts.Length; r++)
        {
            Assert.Equal(Uncached.Greedy(model, view, Prompts[r], 8), together[r].Tokens);
            Assert.Equal(together[r].Tokens, generator.Generate([Prompts[r]], options)[0].Tokens);
        }

        using Sequences rows = Sequences.FromRows(Prompts, device: TestDevice.Device);
        using DecodingSession session = Seq2Seq(model) ? DecodingSession.Open(model, view, rows, 4) : DecodingSession.Open(model, view, 3, 4);
        Assert.Equal([0, 0, 0], session.Lengths);
        session.Truncate([0, 0, 0]);
        session.AppendForLogits(rows).Dispose();
        Assert.Equal([7, 2, 5], session.Lengths);
        session.Truncate([3, 0, 5]);
        Assert.Equal([3, 0, 5], session.Lengths);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void It_learns_while_the_base_stays(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using PromptTuning prompt = Prompt(model);
        using Batch batch = TinyFamilies.Batch(model, Prompts);
        using Tensor loss = SupervisedLoss.Of(model, batch, new ForwardContext { Virtual = new(prompt), FreezeBase = true });
        loss.backward();
        Assert.True(prompt.Parameters[0].Value.grad!.abs().max().Number() > 0);
        Assert.All(model.NamedParameters, entry => Assert.Null(entry.Parameter.grad));
    }

    private static bool Seq2Seq(TransformerModel model) => model.Config is { Encoder: not null, Decoder: not null };

    private static PromptTuning Prompt(TransformerModel model) => PromptTuning.Create(new() { VirtualTokens = Virtual, Seed = 3 }, model);
}
