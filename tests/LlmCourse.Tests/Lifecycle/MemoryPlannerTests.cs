using System.Text.Json;
using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Lifecycle;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tests.Transformers;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Lifecycle;

public sealed class MemoryPlannerTests
{
    private static readonly TransformerConfig Decoder = Tiny.Decoder();

    /// <summary>The course's example: a matrix of 512 × 64 by rank 8.</summary>
    [Fact]
    public void Lora_trains_4608_of_32768_numbers_86_percent_fewer()
    {
        long whole = 512 * 64, trained = new LoraOptions { Rank = 8 }.ParameterCount(512, 64); // B [512, 8] and A [8, 64]
        Assert.Equal((32_768, 4_608), (whole, trained));
        Assert.Equal(0.86, 1 - ((double)trained / whole), 0.005);
        Assert.Throws<ArgumentOutOfRangeException>(() => new LoraOptions().ParameterCount(0, 64));
    }

    /// <summary>The course's other example, by a configuration alone: r = 32 on q and v of FLAN-T5-base.</summary>
    [Theory]
    [InlineData("q", "v")]
    [InlineData("SelfAttention.q", "EncDecAttention.q", "SelfAttention.v", "EncDecAttention.v")]
    public void Lora_trains_1_41_percent_of_flan_t5_base(params string[] targets)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "config.json"), FlanT5BaseTests.Config);

        MemoryPlan plan = MemoryPlanner.Plan(folder.Path, new() { Use = MemoryUse.Lora, Lora = new() { Rank = 32, Targets = targets } });

        // 12 + 12 + 12 attentions, two matrices of 768 × 768 in each: 72 · 32 · (768 + 768)
        Assert.Equal(3_538_944, plan.TrainedParameters);
        Assert.Equal(251_116_800, plan.Parameters);
        Assert.Equal("1.41", $"{100 * plan.TrainedShare:0.00}");
    }

    [Theory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void It_counts_what_an_adapter_then_has(string family)
    {
        using Pretrained model = Pretrained.FromConfig(TinyFamilies.Config(family), 1);
        LoraOptions options = new() { Rank = 3, Targets = [LoraOptions.AllLinear], Bias = LoraBias.All, TrainedModules = ["head.output"], UpBias = true };
        Adapter adapter = new AdapterSet(model.Model, null, null).AddLora("a", options);

        MemoryPlan plan = MemoryPlanner.Plan(model.Model.Config, new() { Use = MemoryUse.Lora, Lora = options, Length = 5, AnswerLength = 4 });

        Assert.Equal(adapter.ParameterCount, plan.TrainedParameters);
        Assert.Equal(model.Model.ParameterCount + adapter.ParameterCount, plan.Parameters);
    }

    [Fact]
    public void Weights_gradients_and_states_are_counted_to_the_byte()
    {
        // Two tables of 20 × 8; in each of two layers q, k, v, o of 8 × 8, and up and down of 12 × 8; the rest are norms.
        long count;
        using (TransformerModel model = new(Decoder, 1))
            count = model.ParameterCount;
        long matrices = (2 * 20 * 8) + (2 * ((4 * 8 * 8) + (2 * 12 * 8)));
        Assert.InRange(count - matrices, 0, 100); // norms

        MemoryParts update = Update(new());
        Assert.Equal((4 * count, 4 * count, 8 * count, 0), (update.Weights, update.Gradients, update.OptimizerStates, update.Activations));
        // bf16: half of weights and gradients; two moments and a master of 4 bytes
        update = Update(new() { Type = ScalarType.BFloat16 });
        Assert.Equal((2 * count, 2 * count, 12 * count), (update.Weights, update.Gradients, update.OptimizerStates));
        Assert.Equal(0, Update(new() { Optimizer = new SgdOptions() }).OptimizerStates);
        Assert.Equal(4 * count, Update(new() { Optimizer = new SgdOptions { Momentum = 0.9 } }).OptimizerStates);
        // rows + columns: of the tables 28 each, in a layer 4 · 16 + 2 · 20; of norms all
        Assert.Equal(4 * ((2 * 28) + (2 * ((4 * 16) + (2 * 20))) + (count - matrices)), Update(new() { Optimizer = new AdafactorOptions() }).OptimizerStates);
    }

    [Fact]
    public void A_frozen_base_has_neither_gradients_nor_states()
    {
        // q and v of two layers, [8, 8] by rank 2: 4 · 2 · 16 = 128 numbers
        MemoryParts update = Update(new() { Use = MemoryUse.Lora, Lora = new() { Rank = 2 } });
        Assert.Equal((512, 512, 1024), (update.Adapter, update.Gradients, update.OptimizerStates));
        update = Update(new() { Use = MemoryUse.PromptTuning, VirtualTokens = 3 }); // [3, 8]
        Assert.Equal((96, 96, 192), (update.Adapter, update.Gradients, update.OptimizerStates));
    }

    [Fact]
    public void Activations_of_a_block_follow_from_its_shapes()
    {
        // Llama's block over N = 2 · 5 rows: D = 8, Q = K = 8, F = 12, H = 2; fp32, nothing dropped.
        TransformerConfig one = Tiny.Decoder(stack => Llama(stack) with { Layers = 1 }), two = Tiny.Decoder(Llama);
        MemoryPlanOptions options = new() { BatchSize = 2, Length = 5 };

        // x, normed x, q, k, v, mixed, x, normed x: 8 · 80; log sum exp: 2 · 2 · 5; gate and up: 2 · 120
        Assert.Equal(4 * (640 + 20 + 240), Kept(two, options) - Kept(one, options));
        // LoRA on q and v: without the normed x in front of the gate; x Aᵀ of both, 2 · 10 · 8
        MemoryPlanOptions lora = options with { Use = MemoryUse.Lora };
        Assert.Equal(4 * (560 + 20 + 240 + 160), Kept(two, lora) - Kept(one, lora));
        // Computed again: x alone
        MemoryPlanOptions again = options with { GradientCheckpointing = true };
        Assert.Equal(4 * 80, Kept(two, again) - Kept(one, again));
    }

    [Fact]
    public void Inference_keeps_keys_and_values()
    {
        MemoryParts parts = MemoryPlanner.Plan(Decoder, new() { Use = MemoryUse.Inference, BatchSize = 3, Length = 10 }).Peak.Parts;
        Assert.Equal(2 * 2 * 3 * 10 * 8 * 4, parts.Cache); // keys and values, layers, rows, tokens, H · d, bytes
        Assert.Equal((0, 0, 0), (parts.Gradients, parts.OptimizerStates, parts.Activations));
    }

    [Fact]
    public void More_tokens_take_more_and_checkpointing_less()
    {
        long plain = Peak(new() { Length = 200 });
        Assert.True(Peak(new() { Length = 400 }) > plain);
        Assert.True(Peak(new() { Length = 200, GradientCheckpointing = true }) < plain);
        Assert.True(Peak(new() { Length = 200, Use = MemoryUse.Lora, Lora = new() { Rank = 1 } }) < plain);

        static long Peak(MemoryPlanOptions options) => MemoryPlanner.Plan(Tiny.Decoder(stack => stack with { Layers = 8 }), options).Peak.Parts.Total;
    }

    [Fact]
    public void Every_family_can_be_planned_for()
    {
        foreach (string family in TinyFamilies.Names)
        {
            using Pretrained model = Pretrained.FromConfig(TinyFamilies.Config(family), 1);
            foreach (MemoryUse use in Enum.GetValues<MemoryUse>())
            {
                foreach (bool again in new[] { false, true })
                {
                    MemoryPlan plan = MemoryPlanner.Plan(model.Model.Config, new() { Use = use, Length = 6, AnswerLength = 4, GradientCheckpointing = again, VirtualTokens = 2 });
                    Assert.All(plan.Moments, moment => Assert.True(moment.Parts.Activations >= 0 && moment.Parts.Gradients >= 0));
                    Assert.Contains("times the weights", plan.ToString());
                }
            }
        }
    }

    [Fact]
    public void Options_are_refused_by_name()
    {
        Refused(nameof(MemoryPlanOptions.BatchSize), new() { BatchSize = 0 });
        Refused(nameof(MemoryPlanOptions.Length), new() { Length = -1 });
        Refused(nameof(MemoryPlanOptions.AnswerLength), new() { AnswerLength = 0 });
        Refused(nameof(MemoryPlanOptions.VirtualTokens), new() { VirtualTokens = 0 });
        Refused(nameof(MemoryPlanOptions.Type), new() { Type = ScalarType.Int64 });
        Refused(nameof(MemoryPlanOptions.Use), new() { Use = (MemoryUse)9 });
        Refused(nameof(AdamWOptions.Beta1), new() { Optimizer = new AdamWOptions { Beta1 = 2 } });
        Refused(nameof(LoraOptions.Targets), new() { Use = MemoryUse.Lora, Lora = new() { Targets = ["nothing"] } });
        JsonElement gpt2 = TinyFamilies.Config("gpt2");
        using Pretrained model = Pretrained.FromConfig(gpt2, 1);
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(() => MemoryPlanner.Plan(model.Model.Config, new() { Length = 100_000 }));
        Assert.Contains(nameof(MemoryPlanOptions.Length), error.Message);

        static void Refused(string property, MemoryPlanOptions options) =>
            Assert.Contains(property, Assert.ThrowsAny<ArgumentException>(() => MemoryPlanner.Plan(Decoder, options)).Message);
    }

    private static StackConfig Llama(StackConfig stack) => stack with
    {
        Gated = true,
        Activation = Activation.Silu,
        Norm = new NormConfig { Kind = NormKind.Rms, Placement = NormPlacement.Pre, Final = true },
        Positions = new PositionConfig { Kind = PositionKind.Rotary },
    };

    private static long Kept(TransformerConfig config, MemoryPlanOptions options) =>
        MemoryPlanner.Plan(config, options).Moments.Single(moment => moment.Phase == "loss").Parts.Activations;

    private static MemoryParts Update(MemoryPlanOptions options) =>
        MemoryPlanner.Plan(Decoder, options with { Length = 5 }).Moments.Single(moment => moment.Phase == "update").Parts;
}
