using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Adapters;

/// <summary>LoRA changes on one base: several in one batch, at once in several threads, and trained without touching it.</summary>
public sealed class RowAdaptersTests
{
    private static readonly int[][] Prompts = TinyFamilies.Rows(5, 6, 3, 8);

    public static TheoryData<string> Models => ["t5", "t5-gated", "llama", "gpt2", "bart", "phi3", "gpt-neox", "olmo2", "opt-350m"];

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void Each_row_of_a_mixed_batch_has_its_own_adapter(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        EachRow(model, 1e-5); // of the largest logit: what a product of few rows and one of many round differently
        model.To(type: ScalarType.Float64);
        EachRow(model, 1e-6); // adapters stay fp32
    }

    private static void EachRow(TransformerModel model, double tolerance)
    {
        using TinyLora first = new(model, 1), second = new(model, 2);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = TinyFamilies.Batch(model, Prompts);
        Tensor plain = model.Logits(batch);
        Tensor alone1 = model.Logits(batch, View(first, first, first)), alone2 = model.Logits(batch, View(second, second, second));
        Assert.True(TinyFamilies.Difference(plain, alone1) > 0.01);
        Assert.True(TinyFamilies.Difference(alone1, alone2) > 0.01);

        Tensor mixed = model.Logits(batch, View(first, null, second));
        tolerance *= Math.Max(1, plain.abs().max().Number());
        TinyFamilies.Close(alone1[0], mixed[0], tolerance, "first adapter");
        TinyFamilies.SameBits(plain[1], mixed[1], "the row without");
        TinyFamilies.Close(alone2[2], mixed[2], tolerance, "second adapter");
        TinyFamilies.SameBits(plain, model.Logits(batch, View(null, null, null)));
    }

    [SkippableFact]
    public void It_is_the_formula()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        // A = [1 2], B = [3; -1], scale ½: x = (1, 1) → A x = 3 → B A x = (9, -3) → half of it
        using LowRankChange change = new(tensor(new[] { 1f, 2f }, [1, 2], device: TestDevice.Device), tensor(new[] { 3f, -1f }, [2, 1], device: TestDevice.Device), 0.5);
        Tensor weight = zeros(2, 2, device: TestDevice.Device), bias = tensor(new[] { 10f, 20f }, device: TestDevice.Device);
        SiteModule module = new(new AdapterSite("q", SiteKind.Linear, 2, 2), weight, bias, ForwardContext.Evaluation, nn.functional.linear);
        Tensor result = change.Apply(module, ones(1, 1, 2, device: TestDevice.Device), null);
        Assert.Equal([14.5f, 18.5f], result.cpu().data<float>().ToArray());
    }

    [SkippableTheory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void Adapters_stay_fp32_over_any_base(ScalarType type)
    {
        using TransformerModel model = TinyFamilies.Model("llama");
        using TinyLora lora = new(model, 1);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = TinyFamilies.Batch(model, Prompts);
        Tensor expected = model.Logits(batch, View(lora, null, lora));
        model.To(type: type);
        Tensor logits = model.Logits(batch, View(lora, null, lora));
        Assert.Equal(type, logits.dtype);
        Assert.All(lora.Parameters, parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        TinyFamilies.Close(expected, logits.to(ScalarType.Float32), type == ScalarType.Float64 ? 1e-4 : 0.05 * expected.abs().max().Number());
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void Generation_keeps_each_rows_adapter_when_rows_finish(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using TinyLora first = new(model, 1), second = new(model, 2);
        ForwardContext[] single = [View(first), View([null]), View(second)];
        Completion[] alone = [.. Prompts.Select((prompt, r) => Generate(model, single[r], [prompt])[0])];

        // The token that row 0 writes third ends an answer: row 0 leaves early, and the others move up.
        int stop = alone[0].Tokens[2];
        Completion[] expected = [.. Prompts.Select((prompt, r) => Generate(model, single[r], [prompt], stop)[0])];
        IReadOnlyList<Completion> mixed = Generate(model, View(first, null, second), Prompts, stop);
        Assert.Equal(expected.Select(completion => completion.Tokens), mixed.Select(completion => completion.Tokens));
        Assert.NotEqual(alone[1].Tokens, Generate(model, View(first), [Prompts[1]])[0].Tokens);
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public async Task Two_threads_generate_with_different_adapters_on_one_base(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using TinyLora first = new(model, 1), second = new(model, 2);
        ForwardContext[] views = [View(first, first, first), View(second, null, second)];
        IReadOnlyList<int>[][] expected = [.. views.Select(view => Tokens(model, view))];
        IReadOnlyList<int>[][] got = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Tokens(model, views[i % 2]))));
        for (int i = 0; i < got.Length; i++)
            Assert.Equal(expected[i % 2], got[i]);
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void Training_an_adapter_leaves_the_base_alone(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using TinyLora lora = new(model, 1), idle = new(model, 2);
        Dictionary<string, Tensor> before = model.NamedParameters.ToDictionary(entry => entry.Name, entry => entry.Parameter.detach().clone());
        using Batch batch = TinyFamilies.Batch(model, Prompts);
        ForwardContext view = View(lora, lora, lora) with { FreezeBase = true };
        using AdamW adam = new(lora.Parameters, 1e-2);
        List<double> losses = [];
        for (int step = 0; step < 5; step++)
        {
            using var scope = NewDisposeScope();
            adam.ZeroGrad();
            Tensor loss = SupervisedLoss.Of(model, batch, view);
            loss.backward();
            losses.Add(loss.Number());
            Assert.All(lora.Parameters, parameter => Assert.True(parameter.grad!.abs().max().Number() > 0));
            adam.Step();
        }

        Assert.True(losses[^1] < losses[0]);
        Assert.All(idle.Parameters, parameter => Assert.Null(parameter.grad));
        Assert.All(model.NamedParameters, entry =>
        {
            Assert.True(entry.Parameter.requires_grad || entry.Name == "head.output.bias", entry.Name);
            Assert.Null(entry.Parameter.grad);
            TinyFamilies.SameBits(before[entry.Name], entry.Parameter, entry.Name);
        });
    }

    [SkippableFact]
    public void Gradients_of_a_mixed_batch_go_to_each_rows_adapter()
    {
        using TransformerModel model = TinyFamilies.Model("llama");
        using TinyLora first = new(model, 1), second = new(model, 2);
        using Batch batch = TinyFamilies.Batch(model, Prompts), only = TinyFamilies.Batch(model, Prompts[..1]);
        using (Tensor logits = model.Logits(batch, View(first, null, second) with { FreezeBase = true }))
        using (Tensor row = logits[0].narrow(0, 0, 6))
            row.sum().backward();
        Tensor[] got = [.. first.Parameters.Select(parameter => parameter.grad!.clone())];
        Assert.All(second.Parameters, parameter => Assert.True(parameter.grad is null || parameter.grad.abs().max().Number() == 0));
        foreach (Parameter parameter in first.Parameters)
            parameter.grad = null;
        using (Tensor logits = model.Logits(only, View(first) with { FreezeBase = true }))
            logits.sum().backward();
        foreach ((Tensor gradient, Parameter parameter) in got.Zip(first.Parameters))
            TinyFamilies.Close(parameter.grad!, gradient, 1e-4 * (1 + gradient.abs().max().Number()));
    }

    [SkippableFact]
    public void The_loss_of_mixed_rows_knows_whose_output_each_position_reads()
    {
        using TransformerModel model = TinyFamilies.Model("llama");
        using TinyLora lora = new(model, 1, "head.output");
        using Batch batch = TinyFamilies.Batch(model, Prompts);
        // The loss projects labelled positions only, as one long row: every label but a row's first.
        double Sum(int row, TinyLora? adapter)
        {
            using Batch one = TinyFamilies.Batch(model, [Prompts[row]]);
            (Tensor sum, _) = SupervisedLoss.Sum(model, one, View(adapter));
            using (sum)
                return sum.Number();
        }

        (Tensor mixed, double weight) = SupervisedLoss.Sum(model, batch, View(lora, null, lora));
        using (mixed)
            Assert.Equal(Sum(0, lora) + Sum(1, null) + Sum(2, lora), mixed.Number(), 1e-3);
        Assert.Equal(Prompts.Sum(prompt => prompt.Length - 1), weight);
        Assert.NotEmpty(Generate(model, View(lora, null, lora), Prompts));
    }

    private static ForwardContext View(params TinyLora?[] rows) => new() { Adapter = TinyLora.Rows(rows) };

    private static IReadOnlyList<int>[] Tokens(TransformerModel model, ForwardContext view) =>
        [.. Generate(model, view, Prompts).Select(completion => completion.Tokens)];

    private static IReadOnlyList<Completion> Generate(TransformerModel model, ForwardContext view, int[][] prompts, int? stop = null) =>
        new TokenGenerator(model, view, GenerationDefaults.None).Generate(
            prompts, new GenerationOptions { MaxNewTokens = 10, EosTokenIds = stop is null ? [] : [stop.Value] });
}
