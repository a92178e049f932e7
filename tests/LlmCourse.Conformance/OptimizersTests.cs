using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlmCourse.Checkpoints;
using LlmCourse.Runtime;
using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Conformance;

/// <summary>Every optimizer of <c>optim/optim.json</c>, step by step on literal gradients, and clipping.</summary>
[Trait("Kind", "Optim")]
public sealed partial class OptimizersTests
{
    private static readonly string Folder = Path.Combine(Shared.Root ?? "", "optim");

    private static readonly JsonElement? File =
        System.IO.File.Exists(Path.Combine(Folder, "optim.json")) ? Shared.Json(Folder, "optim.json") : null;

    public static TheoryData<string> Names() => Cases.Named(Part("cases")?.EnumerateObject().Select(entry => entry.Name));

    public static TheoryData<string> Clippings() =>
        Cases.Named(Part("clip_grad_norm_")?.GetProperty("cases").EnumerateArray().Select(entry => $"{entry.GetProperty("max_norm")} {entry.GetProperty("norm_type")}"));

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Steps_equal_the_reference(string name)
    {
        JsonElement entry = Found("cases", name).GetProperty(name);
        (OptimizerOptions options, double learningRate) = Options(entry);
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> values = Values();
        string what = entry.GetProperty("what").GetString()!;
        NamedParameter[] parameters = [.. values.Where(value => value.Key.StartsWith("start.", StringComparison.Ordinal)).Select(value =>
            new NamedParameter(value.Key[6..], new Parameter(value.Value.clone()), !NotDecayed().Matches(what).Any(match => match.Groups[1].Value == value.Key[6..])))];
        Assert.NotEmpty(parameters);
        using IOptimizer optimizer = options.Create(parameters);
        for (int step = 0; step < File!.Value.GetProperty("steps").GetInt32(); step++)
        {
            foreach (NamedParameter parameter in parameters)
                parameter.Value.grad = values["grad." + parameter.Name][step].clone();
            optimizer.Step(learningRate);
            foreach (NamedParameter parameter in parameters)
                AssertClose(values[$"{name}.{parameter.Name}"][step], parameter.Value.detach(), $"{parameter.Name} after step {step}");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Clippings))]
    public void Norms_and_clipping_equal_the_reference(string name)
    {
        JsonElement clipping = Found("clip_grad_norm_", name);
        JsonElement entry = clipping.GetProperty("cases").EnumerateArray().Single(found => $"{found.GetProperty("max_norm")} {found.GetProperty("norm_type")}" == name);
        double order = double.Parse(entry.GetProperty("norm_type").ToString(), CultureInfo.InvariantCulture), most = entry.GetProperty("max_norm").GetDouble();
        using var scope = NewDisposeScope();
        Dictionary<string, Parameter> parameters = [];
        foreach ((string key, Tensor gradients) in Values().Where(value => value.Key.StartsWith("grad.", StringComparison.Ordinal)))
            parameters[key[5..]] = new Parameter(zeros_like(gradients[0])) { grad = gradients[0].clone() };
        double norm = GradientNorm.Of(parameters.Values, order), want = entry.GetProperty("total_norm").GetDouble();
        Assert.True(Math.Abs(norm - want) <= 1e-6 * want, $"norm {norm}, reference {want}");
        foreach (JsonProperty after in entry.EnumerateObject().Where(property => AfterClipping().IsMatch(property.Name)))
        {
            Tensor gradient = parameters[AfterClipping().Match(after.Name).Groups[1].Value].grad!.mul(GradientNorm.ClipFactor(norm, most));
            Tensor expected = tensor(JsonSerializer.Deserialize<float[][]>(after.Value)!.SelectMany(row => row).ToArray(), device: gradient.device);
            AssertClose(expected.view(gradient.shape), gradient, after.Name);
        }
    }

    private static (OptimizerOptions Options, double LearningRate) Options(JsonElement entry)
    {
        JsonElement given = entry.GetProperty("options");
        Settings settings = new(given);
        double learningRate = given.GetProperty("lr").ValueKind == JsonValueKind.Null ? 0 : settings.Number("lr", 0);
        string kind = entry.GetProperty("what").GetString()!.Split(' ', ',')[0];
        OptimizerOptions? options = kind switch
        {
            "torch.optim.AdamW" or "torch.optim.Adam" => new AdamWOptions
            {
                Beta1 = settings.Number("betas", 0.9, 0),
                Beta2 = settings.Number("betas", 0.999, 1),
                Epsilon = settings.Number("eps", 1e-8),
                WeightDecay = settings.Number("weight_decay", kind == "torch.optim.AdamW" ? 0.01 : 0),
                AmsGrad = settings.Flag("amsgrad"),
                L2 = kind == "torch.optim.Adam",
            },
            "torch.optim.SGD" => new SgdOptions
            {
                Momentum = settings.Number("momentum", 0),
                Dampening = settings.Number("dampening", 0),
                Nesterov = settings.Flag("nesterov"),
                WeightDecay = settings.Number("weight_decay", 0),
            },
            "torch.optim.RMSprop" => new RmsPropOptions
            {
                Smoothing = settings.Number("alpha", 0.99),
                Epsilon = settings.Number("eps", 1e-8),
                Momentum = settings.Number("momentum", 0),
                WeightDecay = settings.Number("weight_decay", 0),
            },
            "transformers.Adafactor" => new AdafactorOptions
            {
                StepSize = settings.Flag("warmup_init") ? AdafactorStep.RelativeWithWarmUp
                    : settings.Flag("relative_step", true) ? AdafactorStep.Relative : AdafactorStep.Given,
                ScaleParameter = settings.Flag("scale_parameter", true),
                Epsilon = settings.Number("eps", 1e-30, 0),
                ScaleFloor = settings.Number("eps", 1e-3, 1),
                ClipThreshold = settings.Number("clip_threshold", 1),
                DecayRate = settings.Number("decay_rate", -0.8),
                Beta1 = settings.Number("beta1", -1) is >= 0 and var beta ? beta : null,
                WeightDecay = settings.Number("weight_decay", 0),
            },
            "torch.optim.Adafactor" => new AdafactorOptions
            {
                StepSize = AdafactorStep.Capped,
                ClipThreshold = settings.Number("d", 1),
                DecayRate = settings.Number("beta2_decay", -0.8),
                WeightDecay = settings.Number("weight_decay", 0),
            },
            _ => null,
        };
        Skip.If(options is null, $"not supported: {kind}");
        settings.SkipUnread("lr");
        return (options!, learningRate);
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        double worst = expected.sub(actual).abs().sub(expected.abs().mul(1e-6)).max().Number();
        Assert.True(worst <= 1e-6, $"{what} is off by {worst:g3}");
    }

    private static Dictionary<string, Tensor> Values()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, "optim.safetensors"));
        return file.Weights.Keys.ToDictionary(key => key, key => file.Read(key).to(ModelFixture.Device));
    }

    private static JsonElement? Part(string key) => File is { } file && file.TryGetProperty(key, out JsonElement part) ? part : null;

    private static JsonElement Found(string key, string name)
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        Skip.If(Cases.IsNone(name), $"no {key} in optim/optim.json under the root");
        ModelFixture.RequireDevice();
        return Part(key)!.Value;
    }

    [GeneratedRegex(@"(\w+) not\b")]
    private static partial Regex NotDecayed();

    [GeneratedRegex("^grad_(.+)_after$")]
    private static partial Regex AfterClipping();
}
