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

[Collection(ProcessWide.Name)]
public sealed class TrainerTests
{
    private static readonly TrainingOptions Plain = new() { Dropout = false, Schedule = Schedule.Constant(), MaxGradientNorm = null };

    [Theory]
    [InlineData("gpt2", ScalarType.Float64, 1e-10)]
    [InlineData("gpt2", ScalarType.Float32, 1e-5)]
    [InlineData("bart", ScalarType.Float64, 1e-10)]
    [InlineData("llama", ScalarType.Float32, 1e-5)]
    public void A_batch_of_eight_is_eight_of_one(string name, ScalarType type, double tolerance)
    {
        int[][] rows = TinyFamilies.Rows(3, 4, 9, 2, 7, 12, 3, 5, 6);
        (double loss, Tensor gradient) = Gradient(name, type, [rows]);
        (double apart, Tensor sum) = Gradient(name, type, [.. rows.Select(row => (int[][])[row])]);
        Assert.Equal(loss, apart, tolerance * (1 + loss));
        double relative = gradient.sub(sum).norm().Number() / gradient.norm().Number();
        Assert.True(relative <= tolerance, $"relative difference {relative:g3}");
    }

    [Fact]
    public void The_last_group_of_an_epoch_counts_its_own_tokens()
    {
        // Three batches in steps of two: the second step has one batch, and closes with the epoch.
        int[][] rows = TinyFamilies.Rows(3, 4, 9, 2);
        using TransformerModel model = TinyFamilies.Model("gpt2");
        using TinyBatches source = new(model, [.. rows.Select(row => (int[][])[row])]);
        List<double> weights = [];
        Trainer<Batch> trainer = new(new SupervisedObjective(model, ForwardContext.Evaluation), source, Plain with { Accumulation = 2, Epochs = 2, LearningRate = 0 })
        {
            BeforeStep = (_, weight) =>
            {
                weights.Add(weight);
                return weight;
            },
        };
        TrainingResult result = trainer.Run();
        Assert.Equal([3 + 8, 1, 3 + 8, 1], weights); // a sequence of n tokens has n − 1 that are predicted
        Assert.Equal([0, 0, 1, 1], result.History.Select(step => step.Epoch));
        Assert.Equal((4L, 4L, StopReason.Epochs), (result.Steps, result.History[0].TotalSteps, result.Reason));
        Assert.Equal(result.History[0].Loss, result.History[2].Loss, 1e-6);
    }

    [Theory]
    [InlineData("t5")]
    [InlineData("llama")]
    public void A_run_is_what_a_loop_written_by_hand_does(string name)
    {
        int[][] rows = TinyFamilies.Rows(3, 4, 9, 2, 7);
        using TransformerModel model = TinyFamilies.Model(name), other = TinyFamilies.Model(name);
        using TinyBatches source = new(model, [rows[..2], rows[2..]]);
        TrainingOptions options = Plain with { Epochs = 3, LearningRate = 2e-3, MaxGradientNorm = 0.5, Schedule = Schedule.Linear(2), Optimizer = new AdamWOptions { WeightDecay = 0.1 } };
        TrainingResult result = new Trainer<Batch>(new SupervisedObjective(model, ForwardContext.Evaluation), source, options).Run();

        using TinyBatches again = new(other, [rows[..2], rows[2..]]);
        Parameter[] decayed = [.. other.NamedParameters.Where(entry => SupervisedObjective.Decays(entry.Name)).Select(entry => entry.Parameter)];
        Parameter[] rest = [.. other.TrainableParameters().Except(decayed)];
        Assert.NotEmpty(rest);
        using AdamW adam = new(decayed, 2e-3, decay: 0.1);
        using AdamW plain = new(rest, 2e-3, decay: 0);
        for (int step = 0; step < 6; step++)
        {
            using Batch batch = again.Read(default) ?? again.Read(default)!;
            using var scope = NewDisposeScope();
            foreach (Parameter parameter in other.TrainableParameters())
                parameter.grad = null;
            Tensor loss = SupervisedLoss.Of(other, batch, ForwardContext.Evaluation);
            loss.backward();
            Assert.Equal(loss.Number(), result.History[step].Loss, 1e-5);
            Assert.Equal(nn.utils.clip_grad_norm_(other.TrainableParameters().Where(parameter => parameter.grad is not null), 0.5), result.History[step].GradientNorm, 1e-4 * result.History[step].GradientNorm);
            double rate = 2e-3 * (step < 2 ? step / 2.0 : (6 - step) / 4.0);
            Assert.Equal(rate, result.History[step].LearningRate, 1e-12);
            adam.Rate = plain.Rate = rate;
            adam.Step();
            plain.Step();
        }

        foreach (((string parameter, Parameter found), Parameter expected) in model.NamedParameters.Zip(other.NamedParameters.Select(entry => entry.Parameter)))
            TinyFamilies.Close(expected, found, 2e-5, parameter);
    }

    [Fact]
    public void It_stops_where_it_is_told_to()
    {
        Assert.Equal((StopReason.Steps, 3L), Stop(Plain with { MaxSteps = 3, Epochs = 100 }));
        Assert.Equal((StopReason.Tokens, 2L), Stop(Plain with { MaxTokens = 10, Epochs = 100 })); // 6 tokens a step
        Assert.Equal(StopReason.Time, Stop(Plain with { MaxTime = TimeSpan.FromMilliseconds(1), Epochs = 1_000_000 }).Reason);
        Assert.Equal((StopReason.Epochs, 4L), Stop(Plain with { Epochs = 2 }));
        // The first validation is the best, the next two are worse.
        double[] values = [1, 2, 3, 0];
        int at = 0;
        Assert.Equal((StopReason.NoImprovement, 3L), Stop(Plain with { Epochs = 100, Validation = new ValidationOptions { Every = 1, Patience = 2 } }, () => values[at++]));
    }

    [Fact]
    public void It_can_be_cancelled_between_batches()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2");
        using TinyBatches source = new(model, [TinyFamilies.Rows(3, 4)]);
        using CancellationTokenSource cancel = new();
        Trainer<Batch> trainer = new(new SupervisedObjective(model, ForwardContext.Evaluation), source, Plain with { Epochs = 1000 });
        Assert.Throws<OperationCanceledException>(() => trainer.Run(new Hears(step =>
        {
            if (step.Step == 3)
                cancel.Cancel();
        }), cancel.Token));
        Assert.All(model.TrainableParameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_the_run_by_name_and_leaves_the_weights()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2");
        using TinyBatches source = new(model, [TinyFamilies.Rows(3, 4), TinyFamilies.Rows(4, 5)]);
        using (no_grad())
            model.NamedParameters.Single(entry => entry.Name.EndsWith("1.feedforward.down.bias", StringComparison.Ordinal)).Parameter.fill_(double.NaN);
        using Tensor before = model.TrainableParameters().First().clone();
        Trainer<Batch> trainer = new(new SupervisedObjective(model, ForwardContext.Evaluation), source, Plain) { Describe = _ => ["file:12"] };
        TrainingException error = Assert.Throws<TrainingException>(() => trainer.Run());
        Assert.Contains("file:12", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, error.Step);
        TensorAssert.Same(before, model.TrainableParameters().First());
    }

    [Fact]
    public void A_gradient_that_is_no_number_is_named()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2");
        using TinyBatches source = new(model, [TinyFamilies.Rows(3, 4)]);
        Trainer<Batch> trainer = new(new SupervisedObjective(model, ForwardContext.Evaluation), source, Plain)
        {
            BeforeStep = (parameters, weight) =>
            {
                parameters[2].Value.grad!.fill_(double.PositiveInfinity);
                return weight;
            },
        };
        Assert.Contains(model.NamedParameters.ElementAt(2).Name, Assert.Throws<TrainingException>(() => trainer.Run()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_to_train_and_bad_options_are_refused_by_name()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2");
        using TinyBatches source = new(model, [TinyFamilies.Rows(3, 4)]);
        foreach ((string property, TrainingOptions options) in new (string, TrainingOptions)[]
        {
            ("LearningRate", Plain with { LearningRate = double.NaN }), ("Epochs", Plain with { Epochs = 0 }), ("MaxSteps", Plain with { MaxSteps = 0 }),
            ("Accumulation", Plain with { Accumulation = 0 }), ("MaxGradientNorm", Plain with { MaxGradientNorm = 0 }), ("Size", Plain with { Batches = new BatchOptions { Size = 0 } }),
            ("Validation.Every", Plain with { Validation = new ValidationOptions { Every = 0 } }), ("Checkpoints.KeepLast", Plain with { Checkpoints = new CheckpointOptions { Folder = "x", KeepLast = 0 } }),
        })
            Assert.Equal(property, Assert.Throws<ArgumentOutOfRangeException>(() => new Trainer<Batch>(new SupervisedObjective(model, ForwardContext.Evaluation), source, options)).ParamName);
        Assert.Throws<ArgumentException>(() => model.SetTrainable(false, "no.such.*"));
        model.SetTrainable(false, "*");
        Assert.Throws<InvalidOperationException>(() => new Trainer<Batch>(new SupervisedObjective(model, ForwardContext.Evaluation), source, Plain).Run());
    }

    [Fact]
    public void The_same_seed_gives_the_same_run_and_dropout_depends_on_it()
    {
        double[] Run(long seed)
        {
            using TransformerModel model = TinyFamilies.Model("gpt2"); // dropout 0.1
            using TinyBatches source = new(model, [TinyFamilies.Rows(3, 4, 9), TinyFamilies.Rows(4, 5, 6)]);
            return [.. new Trainer<Batch>(new SupervisedObjective(model, ForwardContext.Evaluation), source, Plain with { Epochs = 3, Dropout = true, Seed = seed, LearningRate = 1e-3 }).Run().History.Select(step => step.Loss)];
        }

        Assert.Equal(Run(1), Run(1));
        Assert.NotEqual(Run(1), Run(2));
    }

    [Theory]
    [Trait("Category", "Long")]
    [InlineData("gpt2", 2000, false)]
    [InlineData("bart", 300, true)]
    public void Steps_leave_no_tensor_and_little_memory(string name, int steps, bool recompute)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using TinyBatches source = new(model, [TinyFamilies.Rows(3, 4, 9), TinyFamilies.Rows(4, 5, 6)]);
        long tensors = 0, resident = 0;
        TrainingOptions options = Plain with { MaxSteps = steps, Dropout = true, MaxGradientNorm = 1 };
        new Trainer<Batch>(new SupervisedObjective(model, new ForwardContext { GradientCheckpointing = recompute }), source, options).Run(new Hears(step =>
        {
            if (step.Step == 100)
            {
                GC.Collect(); // what other tests left to it
                GC.WaitForPendingFinalizers();
                (tensors, resident) = (Tensor.TotalCount, step.ResidentBytes);
            }

            if (step.Step > 100)
                Assert.Equal(tensors, Tensor.TotalCount);
            if (step.Step == steps)
                Assert.InRange(step.ResidentBytes - resident, long.MinValue, 100L << 20);
        }));
        Assert.NotEqual(0, resident);
    }

    private static (StopReason Reason, long Steps) Stop(TrainingOptions options, Func<double>? measure = null)
    {
        using TransformerModel model = TinyFamilies.Model("gpt2");
        using TinyBatches source = new(model, [TinyFamilies.Rows(3, 6), TinyFamilies.Rows(4, 6)]);
        TrainingResult result = new Trainer<Batch>(new SupervisedObjective(model, ForwardContext.Evaluation), source, options)
        {
            Measure = measure is null ? null : _ => new Dictionary<string, double> { ["loss"] = measure() },
        }.Run();
        return (result.Reason, result.Steps);
    }

    private static (double Loss, Tensor Gradient) Gradient(string name, ScalarType type, int[][][] batches)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        model.To(type: type);
        using TinyBatches source = new(model, batches);
        Tensor? flat = null;
        TrainingResult result = new Trainer<Batch>(new SupervisedObjective(model, ForwardContext.Evaluation), source, Plain with { Accumulation = batches.Length, LearningRate = 0 })
        {
            BeforeStep = (parameters, weight) =>
            {
                flat = cat([.. parameters.Where(parameter => parameter.Value.grad is not null).Select(parameter => parameter.Value.grad!.flatten())]).div(weight);
                return weight;
            },
        }.Run();
        return (result.History[0].Loss, flat!);
    }

    private sealed class Hears(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }
}
