using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Tests.Transformers;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Adapters;

/// <summary>Rows of one batch with soft prompts of different kinds and lengths: each row is what it is alone.</summary>
public sealed class MixedBatchTests
{
    private static readonly int[][] Prompts = TinyFamilies.Rows(61, 4, 7, 2, 5);
    private static readonly int[][] Answers = TinyFamilies.Rows(62, 3, 6, 2, 4);

    public static TheoryData<string, bool> Padded()
    {
        TheoryData<string, bool> cases = [];
        foreach (string name in TinyFamilies.All)
        {
            cases.Add(name, false);
            cases.Add(name, true);
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Padded))]
    public void Logits_are_those_of_each_row_alone(string name, bool left)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        foreach ((ScalarType type, double tolerance) in new[] { (ScalarType.Float32, 5e-5), (ScalarType.Float64, 1e-10) })
        {
            model.To(type: type);
            using FourKinds kinds = new(model);
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            // The pad id is an ordinary token: nothing may depend on it.
            using Batch batch = Batch(model, Prompts, Answers, left);
            Tensor together = model.Logits(batch, kinds.View(0, 1, 2, 3)), plain = model.Logits(batch);
            Sequences last = batch.Decoder ?? batch.Input;
            for (int r = 0; r < Prompts.Length; r++)
            {
                using Batch alone = Batch(model, [Prompts[r]], [Answers[r]], left);
                Tensor row = together[r].narrow(0, last.Starts[r], last.Lengths[r]);
                TinyFamilies.Close(model.Logits(alone, kinds.Only(r))[0], row, tolerance, $"row {r}, {type}");
                if (r > 0)
                    Assert.True(TinyFamilies.Difference(plain[r].narrow(0, last.Starts[r], last.Lengths[r]), row) > 0.01, $"row {r}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Rows_without_a_soft_prompt_keep_their_bits(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using FourKinds kinds = new(model);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        int[][] rows = TinyFamilies.Rows(63, 9, 6, 4, 9); // no row is longer with its virtual tokens than the longest without
        using Batch batch = Batch(model, rows, Answers, left: false);
        Tensor plain = model.Logits(batch), mixed = model.Logits(batch, kinds.View(0, 1, 2, 0));
        TinyFamilies.SameBits(plain[0], mixed[0]);
        TinyFamilies.SameBits(plain[3], mixed[3]);
        TinyFamilies.SameBits(plain, model.Logits(batch, kinds.View(0, 0, 0, 0)));
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void The_loss_is_the_sum_of_the_rows_and_so_are_gradients_recomputed_or_not(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        model.To(type: ScalarType.Float64);
        using FourKinds kinds = new(model);
        using Batch batch = TinyFamilies.Batch(model, Prompts);
        double sum = 0, terms = 0;
        Dictionary<string, Tensor> expected = Gradients(() =>
        {
            Tensor total = zeros(1, ScalarType.Float64, TestDevice.Device);
            for (int r = 0; r < Prompts.Length; r++)
            {
                using Batch alone = TinyFamilies.Batch(model, [Prompts[r]]);
                (Tensor loss, double weight) = SupervisedLoss.Sum(model, alone, kinds.Only(r) with { FreezeBase = true });
                (sum, terms) = (sum + loss.Number(), terms + weight);
                total = loss.requires_grad ? total.add(loss) : total;
            }

            return total;
        });
        foreach (bool recompute in new[] { false, true })
        {
            Dictionary<string, Tensor> found = Gradients(() =>
            {
                (Tensor loss, double weight) = SupervisedLoss.Sum(model, batch, kinds.View(0, 1, 2, 3) with { FreezeBase = true, GradientCheckpointing = recompute });
                Assert.Equal(terms, weight);
                Assert.Equal(sum, loss.Number(), 1e-8);
                return loss;
            });
            foreach ((string parameter, Tensor gradient) in expected)
                TinyFamilies.Close(gradient, found[parameter], 1e-9, $"{parameter}, recomputed {recompute}");
        }

        Assert.All(model.NamedParameters, entry => Assert.Null(entry.Parameter.grad));

        Dictionary<string, Tensor> Gradients(Func<Tensor> loss)
        {
            using var scope = NewDisposeScope();
            loss().backward();
            Dictionary<string, Tensor> gradients = [];
            foreach ((SoftPrompt prompt, int i) in kinds.Prompts.Select((prompt, i) => (prompt, i)))
            {
                foreach (var parameter in prompt.Parameters)
                {
                    gradients.Add($"{i} {parameter.Name}", parameter.Value.grad!.clone().DetachFromDisposeScope());
                    Assert.True(parameter.Value.grad!.abs().max().Number() > 0, parameter.Name);
                    parameter.Value.grad = null;
                }
            }

            return gradients;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Decoders), MemberType = typeof(TinyFamilies))]
    public void Every_packed_sequence_has_its_rows_soft_prompt_in_front(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using FourKinds kinds = new(model);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        int[][][] rows = [.. Prompts.Select((prompt, r) => new[] { prompt, Answers[r] })];
        using Batch packed = new(Sequences.Packed(rows, device: TestDevice.Device));
        Tensor together = model.Logits(packed, kinds.View(0, 1, 2, 3));
        for (int r = 0; r < rows.Length; r++)
        {
            using Batch first = Batch(model, [rows[r][0]], [], left: false), second = Batch(model, [rows[r][1]], [], left: false);
            TinyFamilies.Close(model.Logits(first, kinds.Only(r))[0], together[r].narrow(0, 0, rows[r][0].Length), 5e-5, $"row {r}");
            TinyFamilies.Close(model.Logits(second, kinds.Only(r))[0], together[r].narrow(0, rows[r][0].Length, rows[r][1].Length), 5e-5, $"row {r}");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void Generation_gives_each_row_what_it_gets_alone_whenever_its_neighbours_end(string name)
    {
        const int Count = 12;
        using TransformerModel model = TinyFamilies.Model(name);
        using FourKinds kinds = new(model);
        int[][] greedy = [.. Prompts.Select((prompt, r) => Uncached.Greedy(model, kinds.Only(r), prompt, Count))];
        int[][] Until(int last) => [.. greedy.Select(tokens => Array.IndexOf(tokens, last) is var end and >= 0 ? tokens[..(end + 1)] : tokens)];
        int last = greedy.SelectMany(tokens => tokens).MaxBy(token => Until(token).Select(tokens => tokens.Length).Distinct().Count());
        int[][] expected = Until(last);
        Assert.True(expected.Select(tokens => tokens.Length).Distinct().Count() > 1);
        GenerationOptions options = new() { MaxNewTokens = Count, EosTokenIds = [last] };
        IReadOnlyList<Completion> together = new TokenGenerator(model, kinds.View(0, 1, 2, 3), GenerationDefaults.None).Generate(Prompts, options);
        for (int r = 0; r < Prompts.Length; r++)
        {
            Assert.Equal(expected[r], together[r].Tokens);
            Assert.Equal(expected[r], new TokenGenerator(model, kinds.Only(r), GenerationDefaults.None).Generate([Prompts[r]], options)[0].Tokens);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Generators), MemberType = typeof(TinyFamilies))]
    public void A_session_selects_forks_and_truncates_them_with_their_rows(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using FourKinds kinds = new(model);
        using Sequences? input = model.Config.Encoder is null ? null : Sequences.FromRows(Prompts, device: TestDevice.Device);
        using DecodingSession session = input is null
            ? DecodingSession.Open(model, kinds.View(0, 1, 2, 3), 4, 2)
            : DecodingSession.Open(model, kinds.View(0, 1, 2, 3), input, 2);
        Assert.Equal([0, 0, 0, 0], session.Lengths);
        session.Select(3, 1, 2, 0, 3); // before anything is read
        int[] kind = [3, 1, 2, 0, 3];
        int[][] texts = TinyFamilies.Rows(64, 3, 5, 2, 4, 6);
        Check(session, texts, texts);
        Assert.Equal(texts.Select(text => text.Length), session.Lengths);

        using DecodingSession fork = session.Fork();
        session.Truncate([1, 0, 2, 3, 0]);
        Assert.Equal([1, 0, 2, 3, 0], session.Lengths);
        texts = [.. texts.Zip(session.Lengths, (text, length) => text[..length])];
        int[][] more = TinyFamilies.Rows(65, 2, 3, 1, 2, 4);
        Check(session, more, [.. texts.Zip(more, (text, next) => text.Concat(next).ToArray())]);

        fork.Select(4, 3, 2, 1);
        kind = [3, 0, 2, 1];
        int[][] forked = TinyFamilies.Rows(64, 3, 5, 2, 4, 6);
        forked = [forked[4], forked[3], forked[2], forked[1]];
        Check(fork, [[7], [8], [9], [10]], [.. forked.Select((text, r) => text.Append(7 + r).ToArray())]);
        fork.Truncate([0, 0, 0, 0]);
        Check(fork, more[..4], more[..4]);

        void Check(DecodingSession open, int[][] read, int[][] whole)
        {
            using Sequences tokens = Sequences.FromRows(read, device: TestDevice.Device);
            using Tensor logits = open.AppendForLogits(tokens);
            for (int r = 0; r < whole.Length; r++)
                TinyFamilies.Close(Uncached.Logits(model, kinds.Only(kind[r]), Prompts[kind[r]], whole[r])[-1], logits[r], 1e-4, $"row {r}");
        }
    }

    [SkippableFact]
    public void Virtual_tokens_take_positions_of_the_context()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2"); // 64 positions
        using FourKinds kinds = new(model);
        int[][] prompts = TinyFamilies.Rows(66, 57, 57, 57, 57);
        GenerationOptions options = new() { MaxNewTokens = 9 };
        IReadOnlyList<Completion> completions = new TokenGenerator(model, kinds.View(0, 1, 2, 3), GenerationDefaults.None).Generate(prompts, options);
        Assert.Equal([7, 4, 2, 5], completions.Select(completion => completion.Tokens.Count));
        Assert.All(completions, completion => Assert.Equal(FinishReason.ContextLength, completion.FinishReason));
        TokenGenerator five = new(model, kinds.Only(2), GenerationDefaults.None);
        Assert.Contains("takes 5", Assert.Throws<PromptTooLongException>(() => five.Generate(TinyFamilies.Rows(1, 59), options)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void States_and_what_is_captured_are_each_rows_own()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2");
        using FourKinds kinds = new(model);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Sequences input = Sequences.FromRows(Prompts, padLeft: true, device: TestDevice.Device);
        using Hidden together = model.Trunk.Run(input, kinds.View(0, 1, 2, 3) with { CaptureHiddenStates = true });
        Assert.Equal([4, 5, model.Config.Width], together.Prefix!.shape);
        Assert.Equal([0, 3, 5, 0], together.Virtual);
        for (int r = 0; r < Prompts.Length; r++)
        {
            using Sequences one = Sequences.FromRows([Prompts[r]], device: TestDevice.Device);
            using Hidden alone = model.Trunk.Run(one, kinds.Only(r) with { CaptureHiddenStates = true });
            for (int layer = 0; layer < alone.HiddenStates.Count; layer++)
                TinyFamilies.Close(alone.HiddenStates[layer][0], together.HiddenStates[layer][r].narrow(0, input.Starts[r], input.Lengths[r]), 5e-5, $"row {r}, layer {layer}");
            if (alone.Prefix is { } prefix)
                TinyFamilies.Close(prefix[0], together.Prefix[r].narrow(0, 5 - prefix.size(1), prefix.size(1)), 5e-5, $"row {r}");
        }
    }

    [SkippableFact]
    public void A_classifier_reads_the_first_virtual_token_of_each_row()
    {
        TransformerConfig config = Tiny.Encoder() with { Head = new HeadConfig { Kind = HeadKind.SequenceClassification, Labels = 3, Transform = Activation.Tanh, Bias = true } };
        using TransformerModel model = Tiny.Model(config);
        using FourKinds kinds = new(model);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        int[][] rows = [[3, 4, 5], [6], [7, 8], [9, 10]];
        foreach (bool left in new[] { false, true })
        {
            using Batch batch = new(Sequences.FromRows(rows, padLeft: left, device: TestDevice.Device));
            Tensor together = model.Logits(batch, kinds.View(0, 1, 2, 3));
            for (int r = 0; r < rows.Length; r++)
            {
                using Batch alone = new(Sequences.FromRows([rows[r]], device: TestDevice.Device));
                TinyFamilies.Close(model.Logits(alone, kinds.Only(r))[0], together[r], 1e-5, $"row {r}, left {left}");
            }
        }
    }

    [SkippableFact]
    public void Token_types_move_with_their_tokens()
    {
        using TransformerModel model = TinyFamilies.Model("bert");
        using FourKinds kinds = new(model);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        int[][] types = [.. Prompts.Select(prompt => prompt.Select((_, i) => i % 2).ToArray())];
        using Batch batch = new(Sequences.FromRows(Prompts, padLeft: true, tokenTypes: types, device: TestDevice.Device));
        Tensor together = model.Logits(batch, kinds.View(0, 1, 2, 3));
        for (int r = 0; r < Prompts.Length; r++)
        {
            using Batch alone = new(Sequences.FromRows([Prompts[r]], tokenTypes: [types[r]], device: TestDevice.Device));
            TinyFamilies.Close(model.Logits(alone, kinds.Only(r))[0], together[r].narrow(0, batch.Input.Starts[r], Prompts[r].Length), 5e-5, $"row {r}");
        }
    }

    [SkippableFact]
    public void Soft_prompts_of_other_models_and_other_batches_are_refused()
    {
        using TransformerModel model = TinyFamilies.Model("llama"), other = TinyFamilies.Model("bart");
        using FourKinds kinds = new(model), foreign = new(other);
        using Batch batch = Batch(model, Prompts[..2], [], left: false);
        Assert.Contains("4 rows, the batch has 2", Assert.Throws<InvalidOperationException>(() => model.Logits(batch, kinds.View(0, 1, 2, 3))).Message, StringComparison.Ordinal);
        Assert.Contains("[3, 24]", Assert.Throws<ArgumentException>(() => model.Logits(batch, foreign.Only(1))).Message, StringComparison.Ordinal);
        Assert.Contains("[2, 4, 4, 6]", Assert.Throws<ArgumentException>(() => model.Logits(batch, foreign.Only(3))).Message, StringComparison.Ordinal);
    }

    private static Batch Batch(TransformerModel model, int[][] inputs, int[][] answers, bool left) => new(
        Sequences.FromRows(inputs, padId: 5, left, device: TestDevice.Device),
        model.Config is { Encoder: not null, Decoder: not null } ? Sequences.FromRows(answers, padId: 6, left, device: TestDevice.Device) : null);
}
