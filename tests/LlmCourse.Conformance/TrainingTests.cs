using System.Text.Json;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Tests;
using LlmCourse.Training;
using LlmCourse.Training.Optimizers;
using LlmCourse.Training.Schedules;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Conformance;

/// <summary>Twenty steps of every folder of <c>models/</c> with a loop and an optimizer written by hand.</summary>
[Trait("Kind", "Training")]
public sealed class TrainingTests
{
    public static TheoryData<string> Trajectories() => Cases.Of("models", folder => File.Exists(Path.Combine(folder, "expected", "training.json")));

    [SkippableTheory]
    [MemberData(nameof(Trajectories))]
    public void Twenty_steps_follow_the_reference(string name)
    {
        using ModelFixture fixture = ModelFixture.Load(Cases.Folder("models", name));
        using var scope = NewDisposeScope();
        JsonElement expected = Shared.Json(fixture.Folder, "expected", "training.json");
        Trajectory trajectory = new(expected);
        using Batch batch = ModelFixture.Batch(fixture.Tensors("inputs"));
        TransformerModel model = fixture.Model;
        WeightNames names = new(fixture.Pretrained.Family, model.Config);
        JsonElement gradients = expected.GetProperty("first_gradient_l2");
        Dictionary<string, Parameter> parameters = model.NamedParameters.Where(entry => entry.Parameter.requires_grad)
            .ToDictionary(entry => Name(entry.Name, names, gradients), entry => entry.Parameter);
        Assert.Equal(gradients.EnumerateObject().Select(entry => entry.Name).Order(), parameters.Keys.Order());

        JsonElement rules = expected.GetProperty("optimizer");
        Assert.Equal("torch.optim.AdamW", rules.GetProperty("name").GetString());
        Assert.Equal("all parameters", rules.GetProperty("weight_decay_on").GetString());
        double[] betas = [.. rules.GetProperty("betas").EnumerateArray().Select(beta => beta.GetDouble())];
        using AdamW adam = new(
            model.TrainableParameters(), rules.GetProperty("lr").GetDouble(), betas[0], betas[1],
            rules.GetProperty("eps").GetDouble(), rules.GetProperty("weight_decay").GetDouble());
        double clip = rules.GetProperty("max_grad_norm").GetDouble();
        int steps = rules.GetProperty("steps").GetInt32();
        Assert.True(steps > 0);
        for (int step = 0; step < steps; step++)
        {
            using var stepScope = NewDisposeScope();
            foreach (Parameter parameter in parameters.Values)
                parameter.grad = null;
            Tensor loss = SupervisedLoss.Of(model, batch, ForwardContext.Evaluation);
            loss.backward();
            if (step == 0)
            {
                foreach (JsonProperty entry in gradients.EnumerateObject())
                    trajectory.CloseGradient(entry, parameters[entry.Name].grad);
            }

            double norm = nn.utils.clip_grad_norm_(parameters.Values.Where(parameter => parameter.grad is not null), clip);
            trajectory.Close("losses", expected.GetProperty("losses")[step], loss.Number());
            trajectory.Close("grad_norms", expected.GetProperty("grad_norms")[step], norm);
            adam.Step();
        }

        trajectory.Close("losses", expected.GetProperty("loss_after"), SupervisedLoss.Of(model, batch, ForwardContext.Evaluation).Number());
        foreach (JsonProperty entry in expected.GetProperty("final_parameters").EnumerateObject())
            trajectory.CloseParameter(entry, parameters[entry.Name]);
        trajectory.AssertAll();
    }

    /// <summary>The same through our own loop, loss and optimizer, with and without keeping activations.</summary>
    [SkippableTheory]
    [MemberData(nameof(Trajectories))]
    public void Twenty_steps_of_the_trainer_follow_the_reference(string name)
    {
        foreach (bool recompute in (bool[])[false, true])
        {
            using ModelFixture fixture = ModelFixture.Load(Cases.Folder("models", name));
            using var scope = NewDisposeScope();
            JsonElement expected = Shared.Json(fixture.Folder, "expected", "training.json");
            Trajectory trajectory = new(expected);
            TransformerModel model = fixture.Model;
            WeightNames names = new(fixture.Pretrained.Family, model.Config);
            JsonElement rules = expected.GetProperty("optimizer");
            double[] betas = [.. rules.GetProperty("betas").EnumerateArray().Select(beta => beta.GetDouble())];
            TrainingOptions options = new()
            {
                LearningRate = rules.GetProperty("lr").GetDouble(),
                MaxSteps = rules.GetProperty("steps").GetInt32(),
                MaxGradientNorm = rules.GetProperty("max_grad_norm").GetDouble(),
                Schedule = Schedule.Constant(),
                Dropout = false,
                Optimizer = new AdamWOptions { Beta1 = betas[0], Beta2 = betas[1], Epsilon = rules.GetProperty("eps").GetDouble(), WeightDecay = rules.GetProperty("weight_decay").GetDouble() },
            };
            Everything objective = new(model, recompute);
            bool first = true;
            TrainingResult result = new Trainer<Batch>(objective, new OneBatch(fixture), options)
            {
                BeforeStep = (parameters, weight) =>
                {
                    foreach (NamedParameter parameter in first ? parameters : [])
                    {
                        JsonProperty want = expected.GetProperty("first_gradient_l2").EnumerateObject().Single(entry => entry.Name == Name(parameter.Name, names, expected.GetProperty("first_gradient_l2")));
                        using Tensor? mean = parameter.Value.grad?.div(weight);
                        trajectory.CloseGradient(want, mean);
                    }

                    first = false;
                    return weight;
                },
            }.Run();
            for (int step = 0; step < result.History.Count; step++)
            {
                trajectory.Close("losses", expected.GetProperty("losses")[step], result.History[step].Loss);
                trajectory.Close("grad_norms", expected.GetProperty("grad_norms")[step], result.History[step].GradientNorm);
            }

            using Batch batch = ModelFixture.Batch(fixture.Tensors("inputs"));
            trajectory.Close("losses", expected.GetProperty("loss_after"), SupervisedLoss.Of(model, batch, ForwardContext.Evaluation).Number());
            foreach (JsonProperty entry in expected.GetProperty("final_parameters").EnumerateObject())
                trajectory.CloseParameter(entry, objective.Parameters.Single(parameter => Name(parameter.Name, names, expected.GetProperty("final_parameters")) == entry.Name).Value);
            trajectory.AssertAll();
        }
    }

    // A tied matrix has the name of whichever of its two modules the reference has first.
    private static string Name(string ours, WeightNames names, JsonElement listed) =>
        ours == "embeddings.tokens.weight" && !listed.TryGetProperty(names.Of(ours).Name, out _) ? names.Of("head.output.weight").Name : names.Of(ours).Name;

    /// <summary>Weight decay on every parameter, as the reference values have it.</summary>
    private sealed class Everything(TransformerModel model, bool recompute) : IObjective<Batch>
    {
        private readonly SupervisedObjective _inner = new(model, new ForwardContext { GradientCheckpointing = recompute });

        public IReadOnlyList<NamedParameter> Parameters => [.. _inner.Parameters.Select(parameter => parameter with { Decays = true })];

        public ObjectiveValue Compute(Batch batch, DropoutMasks? dropout) => _inner.Compute(batch, dropout);
    }

    /// <summary>The folder's batch, again and again.</summary>
    private sealed class OneBatch(ModelFixture fixture) : IBatchSource<Batch>
    {
        public Batch? Read(CancellationToken cancellationToken) => ModelFixture.Batch(fixture.Tensors("inputs"));

        public int? CountBatches(int epoch) => null;

        public JsonElement Save() => default;

        public void Restore(JsonElement state)
        {
        }

        public void Dispose()
        {
        }
    }

    /// <summary>Compares by the rule 1e-4 · (1 + |value|) + 10 · rounding, and tells everything that is off at once.</summary>
    private sealed class Trajectory(JsonElement expected)
    {
        private readonly JsonElement _rounding = expected.GetProperty("rounding");
        private readonly HashSet<string> _noise = [.. expected.GetProperty("rounding_noise_parameters").EnumerateArray().Select(name => name.GetString()!)];
        private readonly List<string> _wrong = [];

        public void Close(string key, JsonElement want, double got) => Close(key, want.GetDouble(), got, _rounding.GetProperty(key).GetDouble());

        public void CloseGradient(JsonProperty want, Tensor? gradient)
        {
            // Null is a parameter that has no part in the loss: AdamW leaves it alone.
            if (want.Value.ValueKind == JsonValueKind.Null)
                Assert.True(gradient is null, $"{want.Name} has a gradient");
            else
                Close("gradient of " + want.Name, want.Value.GetDouble(), gradient!.to(ScalarType.Float64).norm().Number(), 0);
        }

        public void CloseParameter(JsonProperty want, Tensor parameter)
        {
            if (_noise.Contains(want.Name))
                return;
            using var scope = NewDisposeScope();
            double rounding = _rounding.GetProperty("final_parameters").GetProperty(want.Name).GetDouble();
            Tensor wide = parameter.detach().to(ScalarType.Float64);
            Close("sum of " + want.Name, want.Value.GetProperty("sum").GetDouble(), wide.sum().Number(), rounding);
            Close("norm of " + want.Name, want.Value.GetProperty("l2").GetDouble(), wide.norm().Number(), rounding);
        }

        public void AssertAll() => Assert.True(_wrong.Count == 0, string.Join(Environment.NewLine, _wrong));

        private void Close(string what, double want, double got, double rounding)
        {
            if (!(Math.Abs(want - got) <= (1e-4 * (1 + Math.Abs(want))) + (10 * rounding)))
                _wrong.Add($"{what}: {got:g9}, reference {want:g9}, rounding {rounding:g3}");
        }
    }
}
