using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Training.Optimizers;
using LlmCourse.Training.Schedules;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Training;

/// <summary>Updates during the backward pass are those after it, and a graph that is cut has the gradients of one in one piece.</summary>
[Collection(ProcessWide.Name)]
public sealed class StepInBackwardTests
{
    private static readonly TrainingOptions Options = new() { StepInBackward = true, MaxGradientNorm = null, LearningRate = 1e-2, Epochs = 3, Schedule = Schedule.Constant() };

    public static TheoryData<string, bool, OptimizerOptions> Runs()
    {
        TheoryData<string, bool, OptimizerOptions> runs = [];
        foreach (string name in TinyFamilies.Names)
        {
            runs.Add(name, false, new AdamWOptions { WeightDecay = 0.1 });
            runs.Add(name, true, new AdamWOptions { WeightDecay = 0.1 });
        }

        runs.Add("llama", false, new SgdOptions { Momentum = 0.9 });
        runs.Add("t5", false, new AdafactorOptions());
        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Several_steps_are_the_usual_ones(string name, bool recompute, OptimizerOptions optimizer)
    {
        (Dictionary<string, Tensor> Weights, double[] Norms) Run(bool inBackward)
        {
            using TransformerModel model = TinyFamilies.Model(name);
            using TinyBatches source = new(model, [TinyFamilies.Rows(3, 4, 9, 2), TinyFamilies.Rows(4, 5, 6)]);
            SupervisedObjective objective = new(model, new ForwardContext { GradientCheckpointing = recompute });
            TrainingResult result = new Trainer<Batch>(objective, source, Options with { StepInBackward = inBackward, Optimizer = optimizer }).Run();
            Assert.Equal(6, result.Steps);
            return (Copies(model), [.. result.History.Select(step => step.GradientNorm)]);
        }

        (Dictionary<string, Tensor> expected, double[] norms) = Run(false);
        (Dictionary<string, Tensor> found, double[] foundNorms) = Run(true);
        foreach ((string parameter, Tensor weights) in expected)
            TinyFamilies.SameBits(weights, found[parameter], parameter);
        Assert.All(norms.Zip(foundNorms), pair => Assert.Equal(pair.First, pair.Second, 1e-9 * pair.First));
    }

    [Theory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void A_graph_in_pieces_has_the_gradients_of_one_in_one_piece(string name)
    {
        // In fp64: where many blocks read one tensor, its gradients are added in another order.
        using TransformerModel model = TinyFamilies.Model(name);
        model.To(type: ScalarType.Float64);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 4, 9, 2));
        Dictionary<string, Tensor> Gradients(Action backward)
        {
            using var scope = NewDisposeScope();
            backward();
            Dictionary<string, Tensor> gradients = model.NamedParameters.Where(entry => entry.Parameter.grad is not null).ToDictionary(entry => entry.Name, entry => entry.Parameter.grad!.DetachFromDisposeScope());
            foreach (Parameter parameter in model.TrainableParameters())
                parameter.grad = null;
            return gradients;
        }

        Dictionary<string, Tensor> whole = Gradients(() => SupervisedLoss.Sum(model, batch, ForwardContext.Evaluation).Sum.backward());
        Dictionary<string, Tensor> pieces = Gradients(() => new SupervisedObjective(model, ForwardContext.Evaluation).Compute(batch, null).Backward());
        Assert.Equal(whole.Keys, pieces.Keys);
        foreach ((string parameter, Tensor gradient) in whole)
            TinyFamilies.Close(gradient, pieces[parameter], 1e-12 * (1 + gradient.abs().max().Number()), parameter);
    }

    [Theory]
    [InlineData("llama", 3)] // output, its norm; no gradient of the table yet
    [InlineData("t5", 4)] // the table, which is the output too, the norms of both stacks, the decoder's bias
    public void The_gradients_of_two_blocks_are_never_there_at_once(string name, int shared)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 4, 9));
        using var scope = NewDisposeScope();
        ObjectiveValue value = new SupervisedObjective(model, ForwardContext.Evaluation).Compute(batch, null);
        int blocks = 0;
        value.Backward(part =>
        {
            blocks++;
            Assert.All(part, parameter => Assert.NotNull(parameter.grad));
            Assert.InRange(model.TrainableParameters().Count(parameter => parameter.grad is not null), part.Count, part.Count + shared);
            foreach (Parameter parameter in part)
                parameter.grad = null;
        });
        Assert.Equal((model.Config.Encoder?.Layers ?? 0) + (model.Config.Decoder?.Layers ?? 0), blocks);
    }

    [Fact]
    public void A_gradient_that_is_no_number_is_noticed_before_it_is_used()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2");
        using TinyBatches source = new(model, [TinyFamilies.Rows(3, 4)]);
        Dictionary<string, Tensor> before = Copies(model);
        const string Wrong = "decoder.0.feedforward.down.bias";
        Parameter wrong = model.NamedParameters.Single(entry => entry.Name == Wrong).Parameter;
        // √0 has slope ∞, and 0 · ∞ is NaN; the loss is what it was.
        Changed objective = new(new SupervisedObjective(model, ForwardContext.Evaluation), value => value with { Sum = value.Sum.add(wrong.mul(0).sqrt().sum()) });
        TrainingException error = Assert.Throws<TrainingException>(() => new Trainer<Batch>(objective, source, Options).Run());
        Assert.Contains(Wrong, error.Message, StringComparison.Ordinal);
        Assert.Contains("may have had this one", error.Message, StringComparison.Ordinal);
        Assert.All(model.NamedParameters, entry => Assert.Null(entry.Parameter.grad));
        foreach ((string name, Parameter parameter) in model.NamedParameters)
        {
            if (name.StartsWith("decoder.1.", StringComparison.Ordinal))
                TensorAssert.Differ(before[name], parameter, 1e-6);
            else
                TensorAssert.Same(before[name], parameter);
        }
    }

    [Fact]
    public void What_wants_all_gradients_is_refused_by_name()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2");
        using TinyBatches source = new(model, [TinyFamilies.Rows(3, 4)]);
        Trainer<Batch> Of(TrainingOptions options, GradientHook? hook = null) => new(new SupervisedObjective(model, ForwardContext.Evaluation), source, options) { BeforeStep = hook };
        Assert.Equal("MaxGradientNorm", Assert.Throws<ArgumentOutOfRangeException>(() => Of(Options with { MaxGradientNorm = 1 })).ParamName);
        Assert.Equal("Accumulation", Assert.Throws<ArgumentOutOfRangeException>(() => Of(Options with { Accumulation = 2 })).ParamName);
        Assert.Contains("BeforeStep", Assert.Throws<InvalidOperationException>(() => Of(Options, (_, weight) => weight).Run()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_leave_no_tensor()
    {
        using TransformerModel model = TinyFamilies.Model("bart");
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 4, 9)), unlabelled = new(batch.Input, batch.Decoder);
        SupervisedObjective objective = new(model, new ForwardContext());
        using IOptimizer optimizer = new AdamWOptions().Create(objective.Parameters);
        ProcessWide.LeavesNoTensors(10, i =>
        {
            using var scope = NewDisposeScope();
            ObjectiveValue value = objective.Compute(batch, null);
            using GraphCuts? cuts = value.Cuts;
            if (i % 3 == 0)
                return; // a loss that is not a number, say
            value.Backward(part => Step(part));
            Step([.. model.TrainableParameters()]);
            Assert.Throws<ArgumentException>(() => objective.Compute(unlabelled, null));
        });

        void Step(IReadOnlyList<Parameter> part)
        {
            optimizer.Step(1e-3, 1, part);
            foreach (Parameter parameter in part)
                parameter.grad = null;
        }
    }

    private static Dictionary<string, Tensor> Copies(TransformerModel model) =>
        model.NamedParameters.ToDictionary(entry => entry.Name, entry => entry.Parameter.detach().clone());

    /// <summary>An objective whose value is changed before its gradient is taken.</summary>
    private sealed class Changed(SupervisedObjective objective, Func<ObjectiveValue, ObjectiveValue> change) : IObjective<Batch>
    {
        public IReadOnlyList<NamedParameter> Parameters => objective.Parameters;

        public ObjectiveValue Compute(Batch batch, DropoutMasks? dropout) => change(objective.Compute(batch, dropout));
    }
}
