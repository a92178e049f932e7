using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Training;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Adapters;

/// <summary>What holds for every kind of adapter on every family.</summary>
public sealed class AdapterInvariantsTests
{
    public static TheoryData<string, string> Cases() => TinyAdapters.OfAllFamilies();

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void A_new_adapter_changes_nothing_and_training_it_leaves_the_base(string family, string kind)
    {
        using Llm llm = TinyAdapters.Load(family);
        using var scope = NewDisposeScope();
        using Batch batch = TinyAdapters.Batch(llm);
        Dictionary<string, Tensor> before = TinyAdapters.Weights(llm);
        Tensor plain, start, trained;
        using (no_grad())
            plain = llm.Logits(batch);
        TinyAdapters.Add(llm, "a", kind);
        Llm view = llm.With("a");
        using (no_grad())
            start = view.Logits(batch);
        // Where an output is added to, what follows reads it from another place, whose kernel may round otherwise.
        TinyFamilies.Close(plain, start, (kind is "pissa" or "olora" ? 1e-5 : 1e-6) * Math.Max(1, plain.abs().max().Number()), "start");

        Parameter[] parameters = [.. view.TrainableParameters()];
        using AdamW adam = new(parameters, 1e-2, decay: 0);
        double first = 0, last = 0;
        for (int step = 0; step < 4; step++)
        {
            adam.ZeroGrad();
            using Tensor loss = view.Loss(batch);
            loss.backward();
            Assert.All(parameters, parameter => Assert.NotNull(parameter.grad));
            adam.Step();
            last = loss.Number();
            first = step == 0 ? last : first;
        }

        Assert.True(last < first, $"{first} → {last}");
        Assert.All(llm.Model.NamedParameters, entry => Assert.Null(entry.Parameter.grad));
        Assert.All(llm.Model.NamedParameters, entry => Assert.Equal(!entry.Name.Equals("head.output.bias", StringComparison.Ordinal) || family != "bart", entry.Parameter.requires_grad));
        TinyAdapters.AssertUntouched(before, llm);
        using (no_grad())
        {
            trained = view.Logits(batch);
            Assert.True(TinyFamilies.Difference(plain, trained) > 1e-3);
            TinyFamilies.SameBits(plain, llm.Logits(batch), "the model");
            TinyFamilies.SameBits(plain, llm.With().Logits(batch), "a view without adapters");
        }

        llm.Adapters.Remove("a");
        TinyAdapters.AssertUntouched(before, llm);
        Assert.Throws<ObjectDisposedException>(() => view.Logits(batch));
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Saved_and_loaded_is_the_same_bit_for_bit(string family, string kind)
    {
        using Llm llm = TinyAdapters.Load(family);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        using Batch batch = TinyAdapters.Batch(llm);
        TinyAdapters.Add(llm, "a", kind);
        TinyAdapters.Shake(llm.With("a"));
        llm.Adapters.Save("a", folder["saved"]);
        Adapter loaded = llm.Adapters.Load("b", folder["saved"]);
        Assert.Equal(llm.Adapters["a"].ParameterCount, loaded.ParameterCount);
        Assert.Equal(llm.Adapters["a"].Modules.Order(StringComparer.Ordinal), loaded.Modules.Order(StringComparer.Ordinal));
        TinyFamilies.SameBits(llm.With("a").Logits(batch), llm.With("b").Logits(batch));
        llm.Adapters.Copy("b", "c");
        TinyFamilies.SameBits(llm.With("a").Logits(batch), llm.With("c").Logits(batch));
        // What is read and written again is the same file.
        llm.Adapters.Save("b", folder["again"]);
        Assert.Equal(File.ReadAllBytes(folder["saved/adapter_model.safetensors"]), File.ReadAllBytes(folder["again/adapter_model.safetensors"]));
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Merged_is_the_same_as_beside_and_comes_out_again(string family, string kind)
    {
        Skip.If(kind == "up-bias" && family is "llama" or "t5-gated" or "gemma3" or "modernbert" or "phi3" or "olmo2", "there is no bias to merge into: refused, see below");
        using Llm llm = TinyAdapters.Load(family);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = TinyAdapters.Batch(llm);
        Dictionary<string, Tensor> before = TinyAdapters.Weights(llm);
        Tensor plain = llm.Logits(batch);
        TinyAdapters.Add(llm, "a", kind);
        TinyAdapters.Shake(llm.With("a"));
        Tensor beside = llm.With("a").Logits(batch);
        // s B A and s B₀ A₀ are as large as the weight itself there, and their rounding with them.
        double tolerance = (kind is "pissa" or "olora" ? 3e-5 : 1e-5) * Math.Max(1, beside.abs().max().Number());
        llm.Adapters.Merge("a");
        TinyFamilies.Close(beside, llm.Logits(batch), tolerance, "merged");
        TinyFamilies.SameBits(llm.Logits(batch), llm.With("a").Logits(batch), "a view of what is merged");
        using (TemporaryFolder folder = new())
        {
            llm.Save(folder["merged"]);
            using Llm reloaded = Llm.Load(folder["merged"], new LoadOptions { Device = TestDevice.Device });
            TinyFamilies.SameBits(llm.Logits(batch), reloaded.Logits(batch), "saved and loaded");
        }

        llm.Adapters.Unmerge("a");
        TinyAdapters.AssertUntouched(before, llm);
        TinyFamilies.SameBits(plain, llm.Logits(batch), "the model");
        TinyFamilies.SameBits(beside, llm.With("a").Logits(batch), "the adapter");
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Gradients_are_slopes(string family, string kind)
    {
        const double Step = 1e-6;
        using Llm llm = TinyAdapters.Load(family);
        llm.Model.To(type: ScalarType.Float64);
        using var scope = NewDisposeScope();
        using Batch batch = TinyAdapters.Batch(llm);
        TinyAdapters.Add(llm, "a", kind);
        Llm view = llm.With("a");
        TinyAdapters.Shake(view);
        if (kind == "dora") // the norm is a constant to the gradient: there it is no slope
            return;
        view.Loss(batch).backward();
        using Generator generator = new(5);
        foreach (Parameter parameter in view.TrainableParameters())
        {
            using var inner = NewDisposeScope();
            using var noGrad = no_grad();
            Assert.Equal(ScalarType.Float64, parameter.dtype);
            Tensor direction = randn(parameter.shape, ScalarType.Float64, CPU, generator: generator).to(parameter.device);
            double At(double distance)
            {
                parameter.add_(direction.mul(distance));
                double loss = view.Loss(batch).Number();
                parameter.sub_(direction.mul(distance));
                return loss;
            }

            double slope = (At(Step) - At(-Step)) / (2 * Step), expected = parameter.grad!.mul(direction).sum().Number();
            Assert.True(Math.Abs(slope - expected) <= 2e-6 * (1 + Math.Abs(expected)), $"{expected}, finite differences {slope}");
        }
    }

    [SkippableTheory]
    [InlineData("llama")]
    [InlineData("bart")]
    public void Rows_of_one_batch_have_adapters_of_any_kind(string family)
    {
        using Llm llm = TinyAdapters.Load(family);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = TinyAdapters.Batch(llm);
        foreach (string kind in TinyAdapters.Kinds)
        {
            TinyAdapters.Add(llm, kind, kind);
            TinyAdapters.Shake(llm.With(kind));
        }

        Tensor plain = llm.Logits(batch);
        for (int i = 0; i < TinyAdapters.Kinds.Length; i++)
        {
            string first = TinyAdapters.Kinds[i], last = TinyAdapters.Kinds[(i + 1) % TinyAdapters.Kinds.Length];
            Tensor mixed = llm.WithRows(first, null, last).Logits(batch);
            double tolerance = 1e-5 * Math.Max(1, mixed.abs().max().Number());
            TinyFamilies.Close(llm.With(first).Logits(batch)[0], mixed[0], tolerance, first);
            TinyFamilies.SameBits(plain[1], mixed[1], "the row without");
            TinyFamilies.Close(llm.With(last).Logits(batch)[2], mixed[2], tolerance, last);
            // The loss of the rows is that of their logits, whoever changed them.
            Tensor logits = batch.Decoder is null ? mixed.narrow(1, 0, mixed.size(1) - 1) : mixed;
            Tensor labels = batch.Decoder is null ? batch.Labels!.narrow(1, 1, mixed.size(1) - 1) : batch.Labels!;
            double loss = Losses.CrossEntropy(logits, labels).Number();
            foreach (string name in new[] { first, last })
                loss += llm.Adapters[name].Allocator?.Penalty()!.Number() ?? 0; // part of an AdaLoRA's loss
            Assert.Equal(loss, llm.WithRows(first, null, last).Loss(batch).Number(), 1e-5 * (1 + loss));
        }
    }

    [SkippableFact]
    public void A_bias_that_cannot_be_merged_is_refused_and_nothing_is_changed()
    {
        using Llm llm = TinyAdapters.Load("llama");
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> before = TinyAdapters.Weights(llm);
        TinyAdapters.Add(llm, "a", "up-bias");
        Assert.Throws<InvalidOperationException>(() => llm.Adapters.Merge("a"));
        Assert.False(llm.Adapters["a"].IsMerged);
        TinyAdapters.AssertUntouched(before, llm);
    }
}
