using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Tests.Adapters;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Generation;

/// <summary>A policy and its reference are two views of one model: no second copy of the weights, no switch.</summary>
public sealed class TwoViewsTests
{
    private static readonly int[][] Prompts = TinyFamilies.Rows(41, 6, 3, 8);

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void They_part_when_one_is_trained(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using TinyLora policyLora = new(model, 1), referenceLora = new(model, 1); // the same weights twice
        ForwardContext policy = View(policyLora), reference = View(referenceLora);
        using var scope = NewDisposeScope();

        GenerationOptions options = new() { MaxNewTokens = 12, Temperature = 1, Seed = 9, EosTokenIds = [3, 4] };
        IReadOnlyList<Completion> rollout = new TokenGenerator(model, policy, GenerationDefaults.None).Generate(Prompts, options);
        Assert.True(rollout.Select(completion => completion.Tokens.Count).Distinct().Count() > 1 || name != "llama");
        using Batch batch = TeacherForced(model, rollout);

        Tensor before = LogProbabilities(model, batch, reference), own = LogProbabilities(model, batch, policy);
        Assert.Equal(0, Kl(own, before, batch), 1e-5);
        Tensor chosen = Chosen(own, batch);
        for (int r = 0; r < Prompts.Length; r++)
        {
            int first = model.Config.Encoder is null ? Prompts[r].Length - 1 : 0;
            for (int i = 0; i < rollout[r].Tokens.Count; i++)
                Assert.Equal(rollout[r].LogProbabilities[i], chosen[r, first + i].ToSingle(), 1e-4f);
        }

        Step(model, policyLora, batch, policy);
        Tensor moved = LogProbabilities(model, batch, policy);
        Assert.True(Kl(moved, before, batch) > 1e-3);
        TinyFamilies.SameBits(before, LogProbabilities(model, batch, reference));
    }

    private static ForwardContext View(TinyLora lora) => new() { Adapter = TinyLora.Rows(lora, lora, lora), FreezeBase = true };

    private static Batch TeacherForced(TransformerModel model, IReadOnlyList<Completion> rollout) => model.Config.Encoder is null
        ? Batch.ForDecoder([.. rollout.Select((completion, r) => Prompts[r].Concat(completion.Tokens).ToArray())], [.. Prompts.Select(prompt => prompt.Length)], device: TestDevice.Device)
        : Batch.ForEncoderDecoder(Prompts, [.. rollout.Select(completion => completion.Tokens)], model.Config.DecoderStartTokenId!.Value, padId: 0, device: TestDevice.Device);

    /// <summary>log p of every token at every position, [B, T, V].</summary>
    private static Tensor LogProbabilities(TransformerModel model, Batch batch, ForwardContext view)
    {
        using var noGrad = no_grad();
        using Tensor logits = model.Logits(batch, view);
        return logits.log_softmax(-1);
    }

    // What stands at position t is the log-probability of the label that position t predicts.
    private static Tensor Chosen(Tensor logProbabilities, Batch batch) => logProbabilities.gather(-1, Targets(batch).clamp(0).unsqueeze(-1)).squeeze(-1);

    private static Tensor Targets(Batch batch) => batch.Decoder is not null ? batch.Labels!
        : cat([batch.Labels!.narrow(1, 1, batch.Input.Width - 1), full([batch.Input.Count, 1], Batch.Ignore, ScalarType.Int64, device: TestDevice.Device)], 1);

    /// <summary>Mean over the generated positions of Σ p (log p − log q).</summary>
    private static double Kl(Tensor p, Tensor q, Batch batch)
    {
        Tensor where = Targets(batch).ne(Batch.Ignore);
        return p.exp().mul(p.sub(q)).sum(-1).masked_select(where).mean().Number();
    }

    private static void Step(TransformerModel model, TinyLora lora, Batch batch, ForwardContext view)
    {
        using AdamW adam = new(lora.Parameters, 0.05);
        SupervisedLoss.Of(model, batch, view).backward();
        adam.Step();
        foreach (Parameter parameter in lora.Parameters)
            parameter.grad = null;
    }
}
