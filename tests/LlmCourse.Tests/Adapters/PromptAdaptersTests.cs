using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Tests.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Adapters;

/// <summary>Soft prompts as adapters: trained, copied, saved, mixed with others.</summary>
public sealed class PromptAdaptersTests
{
    public static TheoryData<string, string> Cases()
    {
        TheoryData<string, string> cases = [];
        foreach (string family in new[] { "t5-gated", "llama", "gpt2", "bart", "phi3", "gpt-neox", "opt-350m" })
        {
            foreach (string kind in TinyAdapters.Prompts)
                cases.Add(family, kind);
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void It_is_trained_copied_and_saved_beside_the_base(string family, string kind)
    {
        using Llm llm = TinyAdapters.Load(family);
        using var scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        using Batch batch = TinyAdapters.Batch(llm);
        Dictionary<string, Tensor> before = TinyAdapters.Weights(llm);
        Adapter adapter = TinyAdapters.Add(llm, "a", kind);
        Assert.True(adapter.VirtualTokens > 0);
        Llm view = llm.With("a");
        Parameter[] parameters = [.. view.TrainableParameters()];
        using AdamW adam = new(parameters, 2e-3, decay: 0);
        double first = 0, last = 0;
        for (int step = 0; step < 5; step++)
        {
            adam.ZeroGrad();
            using Tensor loss = view.Loss(batch);
            loss.backward();
            adam.Step();
            last = loss.Number();
            first = step == 0 ? last : first;
        }

        Assert.True(last < first, $"{first} → {last}");
        Assert.All(llm.Model.NamedParameters, entry => Assert.Null(entry.Parameter.grad));
        TinyAdapters.AssertUntouched(before, llm);
        using var noGrad = no_grad();
        Tensor logits = view.Logits(batch);
        llm.Adapters.Copy("a", "b");
        TinyFamilies.SameBits(logits, llm.With("b").Logits(batch), "copy");
        llm.Adapters.Save("a", folder["saved"]);
        llm.Adapters.Load("c", folder["saved"]);
        TinyFamilies.SameBits(logits, llm.With("c").Logits(batch), "saved and loaded");
        Assert.Throws<InvalidOperationException>(() => llm.Adapters.Merge("a"));
    }

    [SkippableTheory]
    [InlineData("llama")]
    [InlineData("t5-gated")]
    public void Rows_mix_prompts_and_changes(string family)
    {
        using Llm llm = TinyAdapters.Load(family);
        foreach (string kind in new[] { "text", "prefix", "lora" })
            TinyAdapters.Add(llm, kind, kind);
        TinyAdapters.Shake(llm.With("lora"));
        GenerationOptions options = new() { MaxNewTokens = 8, EosTokenIds = [] };
        string[] prompts = ["ab", "c", "defgh", "ij"];
        string?[] names = ["text", null, "lora", "prefix"];
        IReadOnlyList<Completion> mixed = llm.WithRows(names).Generate(prompts, options);
        for (int r = 0; r < prompts.Length; r++)
            Assert.Equal(llm.With(names[r] is { } name ? [name] : []).Generate(prompts[r], options).Tokens, mixed[r].Tokens);
        // A prompt and a change act together; two prompts cannot.
        Assert.Equal(8, llm.With("text", "lora").Generate("ab", options).Tokens.Count);
        Assert.Contains("text, prefix", Assert.Throws<ArgumentException>(() => llm.With("text", "prefix")).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Nearest_tokens_of_a_prompt_from_a_text_are_that_text()
    {
        using Llm llm = TinyAdapters.Load("llama");
        TinyAdapters.Add(llm, "a", "text");
        int[] ids = llm.Tokenizer.EncodeIds("abc");
        IReadOnlyList<IReadOnlyList<NearestToken>> nearest = llm.Adapters.NearestTokens("a", count: 2);
        Assert.Equal(Enumerable.Range(0, 5).Select(i => ids[i % ids.Length]), nearest.Select(tokens => tokens[0].Id));
        Assert.All(nearest, tokens => Assert.Equal(1, tokens[0].Score, 1e-5));
        TinyAdapters.Add(llm, "b", "prefix");
        Assert.Throws<InvalidOperationException>(() => llm.Adapters.NearestTokens("b"));
    }

    [SkippableFact]
    public void It_says_what_it_is()
    {
        using Llm llm = TinyAdapters.Load("llama");
        Adapter adapter = TinyAdapters.Add(llm, "a", "prompt");
        // 3 virtual tokens of 32 numbers
        Assert.Equal((96, 384), (adapter.ParameterCount, adapter.Bytes));
        Assert.StartsWith($"a: PromptTuning, 96 parameters ({100.0 * 96 / llm.Model.ParameterCount:0.###} % of the model's {llm.Model.ParameterCount:N0})", adapter.ToString(), StringComparison.Ordinal);
    }
}
