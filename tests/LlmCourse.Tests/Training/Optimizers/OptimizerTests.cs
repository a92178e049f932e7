using LlmCourse.Runtime;
using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Training.Optimizers;

/// <summary>What holds for every optimizer.</summary>
public sealed class OptimizerTests
{
    public static TheoryData<OptimizerOptions> All() =>
    [
        new AdamWOptions(), new AdamWOptions { AmsGrad = true, L2 = true }, new SgdOptions(), new SgdOptions { Momentum = 0.9, WeightDecay = 0.1 },
        new RmsPropOptions { Momentum = 0.9 },
        new AdafactorOptions(), new AdafactorOptions { Beta1 = 0.9, WeightDecay = 0.1, StepSize = AdafactorStep.Relative },
    ];

    [Theory]
    [MemberData(nameof(All))]
    public void A_resumed_run_is_the_same_bit_by_bit(OptimizerOptions options)
    {
        foreach (ScalarType type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float64])
        {
            using var scope = NewDisposeScope();
            using Trained through = new(options, Trained.Starts(type)), half = new(options, Trained.Starts(type));
            through.Steps(0, 10);
            half.Steps(0, 5);
            Dictionary<string, Tensor> saved = half.Optimizer.State.ToDictionary(entry => entry.Key, entry => entry.Value.clone());
            using Trained resumed = new(options, [.. half.Values]);
            resumed.Optimizer.Load(saved.GetValueOrDefault);
            resumed.Steps(5, 10);
            Assert.All(through.Values.Zip(resumed.Values), pair => TensorAssert.Same(pair.First, pair.Second));
            Assert.Equal(through.Optimizer.State.Select(entry => entry.Key), resumed.Optimizer.State.Select(entry => entry.Key));
            Assert.All(through.Optimizer.State.Zip(resumed.Optimizer.State), pair => TensorAssert.Same(pair.First.Value, pair.Second.Value));
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Without_a_gradient_nothing_happens_to_a_parameter(OptimizerOptions options)
    {
        using Trained trained = new(options, ones(3), ones(3));
        trained.Step(0.1, null, 1);
        TensorAssert.Close([1, 1, 1], trained[0], 0);
        TensorAssert.Differ(trained[1], ones(3), 1e-5);
        Assert.Equal(["step/p0"], trained.Optimizer.State.Select(entry => entry.Key).Where(key => key.EndsWith("p0", StringComparison.Ordinal)));
        Assert.Equal([0L, 1], trained.Optimizer.State.Where(entry => entry.Key.StartsWith("step", StringComparison.Ordinal)).Select(entry => entry.Value.Whole()));
        trained.Step(0.1, 1, null);
        using Trained late = new(options, ones(3));
        late.Step(0.1, 1);
        TensorAssert.Same(late[0], trained[0]); // its first step is its own step 1
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_parts_of_a_step_are_the_step(OptimizerOptions options)
    {
        using Trained whole = new(options, ones(3), ones(2, 2), ones(2)), apart = new(options, ones(3), ones(2, 2), ones(2));
        for (int step = 1; step <= 3; step++)
        {
            Parameter[] parts = [.. apart.Values];
            foreach (Trained trained in (Trained[])[whole, apart])
                (trained[0].grad, trained[1].grad) = (full(3, 0.5 * step), full([2, 2], -1.0));
            whole.Optimizer.Step(0.1, 0.5);
            apart.Optimizer.Step(0.1, 0.5, parts[1..]);
            Assert.Equal([step - 1L, step, 0], Counts(apart));
            apart.Optimizer.Step(0.1, 0.5, parts[..1]);
            Assert.Equal([step, step, 0], Counts(apart));
        }

        Assert.All(whole.Values.Zip(apart.Values), pair => TensorAssert.Same(pair.First, pair.Second));
        Assert.Equal(whole.Optimizer.State.Select(entry => entry.Key), apart.Optimizer.State.Select(entry => entry.Key));
        Assert.All(whole.Optimizer.State.Zip(apart.Optimizer.State), pair => TensorAssert.Same(pair.First.Value, pair.Second.Value));

        static long[] Counts(Trained trained) =>
            [.. trained.Optimizer.State.Where(entry => entry.Key.StartsWith("step", StringComparison.Ordinal)).Select(entry => entry.Value.Whole())];
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_scale_multiplies_gradients(OptimizerOptions options)
    {
        using Trained scaled = new(options, Trained.Starts()), given = new(options, Trained.Starts());
        using var scope = NewDisposeScope();
        for (int i = 0; i < 4; i++)
        {
            Tensor gradient = Trained.Random(10 + i, ScalarType.Float32, scaled[i].shape);
            (scaled[i].grad, given[i].grad) = (gradient.clone(), gradient.mul(0.25));
        }

        scaled.Optimizer.Step(0.1, 0.25);
        given.Optimizer.Step(0.1);
        Assert.All(scaled.Values.Zip(given.Values), pair => TensorAssert.Close(pair.Second, pair.First));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Parameters_may_be_rows_of_one_storage_and_a_step_is_seen_there(OptimizerOptions options)
    {
        using var scope = NewDisposeScope();
        Tensor whole = Trained.Random(1, ScalarType.Float32, 7, 3), apart = whole.clone();
        Parameter[] parts = [new(whole.narrow(0, 0, 4).detach()), new(whole.narrow(0, 4, 3).detach())];
        Parameter[] copies = [new(apart.narrow(0, 0, 4).clone()), new(apart.narrow(0, 4, 3).clone())];
        using IOptimizer ofParts = options.Create(Named(parts)), ofCopies = options.Create(Named(copies));
        for (int step = 0; step < 3; step++)
        {
            for (int i = 0; i < 2; i++)
            {
                parts[i].grad = Trained.Random((10 * step) + i, ScalarType.Float32, parts[i].shape);
                copies[i].grad = parts[i].grad!.clone();
            }

            long version = Script.Version(whole);
            ofParts.Step(0.1);
            ofCopies.Step(0.1);
            Assert.True(Script.Version(whole) > version, "the step went unnoticed");
        }

        TensorAssert.Same(cat(copies, 0), whole);
        TensorAssert.Differ(apart, whole, 1e-3);
    }

    [Fact]
    public void Updates_too_small_for_bf16_add_up_in_the_master()
    {
        // Below 1, bf16 has steps of 2⁻⁸ = 0.0039: 1 − 0.001 would be 1 again. 1 − 100 · 0.001 = 0.9 is 230.4 such steps.
        using Trained trained = new(new SgdOptions(), ones(3, ScalarType.BFloat16));
        for (int step = 0; step < 100; step++)
            trained.Step(0.001, 1);
        Assert.Equal(ScalarType.BFloat16, trained[0].dtype);
        TensorAssert.Close([230 / 256.0, 230 / 256.0, 230 / 256.0], trained[0], 0);
        (string key, Tensor master) = trained.Optimizer.State.Last();
        Assert.Equal("master/p0", key);
        TensorAssert.Close([0.9, 0.9, 0.9], master, 1e-5);
    }

    [Fact]
    public void Wider_gradients_are_made_a_part_at_a_time()
    {
        // Two parameters of 3 million elements are two parts; both have their step.
        using Trained trained = new(new SgdOptions(), zeros(3_000_000, ScalarType.BFloat16), zeros(3_000_000, ScalarType.BFloat16));
        trained.Step(1, 1, 2);
        Assert.Equal((-1, -1, -2, -2), (trained[0].min().Number(), trained[0].max().Number(), trained[1].min().Number(), trained[1].max().Number()));
    }

    [Fact]
    public void A_state_that_does_not_fit_is_refused_whole()
    {
        using var scope = NewDisposeScope();
        using Trained trained = new(new AdamWOptions(), ones(3), ones(2));
        trained.Step(0.1, 1, 1);
        Dictionary<string, Tensor> state = trained.Optimizer.State.ToDictionary(entry => entry.Key, entry => entry.Value.clone());

        Refused("exp_avg_sq/p1", null, "is missing");
        Refused("step/p1", null, "is missing");
        Refused("exp_avg/p1", zeros(3), "is Float32 [3], expected Float32 [2]");
        Refused("exp_avg/p1", zeros(2, ScalarType.Float64), "is Float64 [2], expected Float32 [2]");
        Refused("step/p1", tensor(-1L), "is -1");

        void Refused(string key, Tensor? value, string problem)
        {
            var error = Assert.Throws<OptimizerStateException>(() => trained.Optimizer.Load(asked => asked == key ? value : state[asked].mul(2)));
            Assert.Equal(key, error.Key);
            Assert.Contains($"'{key}' {problem}", error.Message, StringComparison.Ordinal);
            Assert.All(trained.Optimizer.State, entry => TensorAssert.Same(state[entry.Key], entry.Value));
        }
    }

    [Fact]
    public void Misuse_is_refused()
    {
        using Parameter one = new(ones(2)), other = new(ones(2)), whole = new(ones([2], ScalarType.Int64), requires_grad: false);
        Assert.Contains("'a' is there twice", Assert.Throws<ArgumentException>(() => new SgdOptions().Create([new("a", one, true), new("a", other, true)])).Message, StringComparison.Ordinal);
        Assert.Contains("'b' is there twice", Assert.Throws<ArgumentException>(() => new SgdOptions().Create([new("a", one, true), new("b", one, true)])).Message, StringComparison.Ordinal);
        Assert.Contains("'a' is Int64", Assert.Throws<ArgumentException>(() => new SgdOptions().Create([new("a", whole, true)])).Message, StringComparison.Ordinal);
        IOptimizer optimizer = new SgdOptions().Create(Named([one, other]));
        Assert.Throws<ArgumentOutOfRangeException>("learningRate", () => optimizer.Step(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("learningRate", () => optimizer.Step(-1));
        Assert.Throws<ArgumentOutOfRangeException>("gradientScale", () => optimizer.Step(1, double.PositiveInfinity));
        optimizer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => optimizer.Step(1));
        Assert.Throws<ObjectDisposedException>(() => optimizer.State);
        Assert.False(one.IsInvalid);
    }

    public static TheoryData<OptimizerOptions, string> Wrong() => new()
    {
        { new AdamWOptions { Beta1 = 1 }, nameof(AdamWOptions.Beta1) },
        { new AdamWOptions { Beta2 = -0.1 }, nameof(AdamWOptions.Beta2) },
        { new AdamWOptions { Epsilon = double.NaN }, nameof(AdamWOptions.Epsilon) },
        { new AdamWOptions { WeightDecay = -1 }, nameof(AdamWOptions.WeightDecay) },
        { new SgdOptions { Momentum = -1 }, nameof(SgdOptions.Momentum) },
        { new SgdOptions { Dampening = 2 }, nameof(SgdOptions.Dampening) },
        { new SgdOptions { Nesterov = true }, nameof(SgdOptions.Nesterov) },
        { new RmsPropOptions { Smoothing = 1 }, nameof(RmsPropOptions.Smoothing) },
        { new RmsPropOptions { Epsilon = -1 }, nameof(RmsPropOptions.Epsilon) },
        { new RmsPropOptions { Momentum = double.NaN }, nameof(RmsPropOptions.Momentum) },
        { new SgdOptions { WeightDecay = double.PositiveInfinity }, nameof(SgdOptions.WeightDecay) },
        { new AdafactorOptions { StepSize = (AdafactorStep)9 }, nameof(AdafactorOptions.StepSize) },
        { new AdafactorOptions { ScaleFloor = -1 }, nameof(AdafactorOptions.ScaleFloor) },
        { new AdafactorOptions { Epsilon = 0 }, nameof(AdafactorOptions.Epsilon) },
        { new AdafactorOptions { ClipThreshold = 0 }, nameof(AdafactorOptions.ClipThreshold) },
        { new AdafactorOptions { DecayRate = 0.8 }, nameof(AdafactorOptions.DecayRate) },
        { new AdafactorOptions { Beta1 = 1 }, nameof(AdafactorOptions.Beta1) },
        { new AdafactorOptions { WeightDecay = -1 }, nameof(AdafactorOptions.WeightDecay) },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void An_option_out_of_range_is_named(OptimizerOptions options, string property) =>
        Assert.StartsWith(property + " must be", Assert.Throws<ArgumentOutOfRangeException>(property, () => options.Create([])).Message, StringComparison.Ordinal);

    private static NamedParameter[] Named(Parameter[] parameters) => [.. parameters.Select((parameter, i) => new NamedParameter($"p{i}", parameter, true))];
}
