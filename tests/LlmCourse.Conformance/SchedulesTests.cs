using System.Text.Json;
using LlmCourse.Training.Schedules;

namespace LlmCourse.Conformance;

/// <summary>Every schedule of <c>optim/schedules.json</c>, step by step.</summary>
[Trait("Kind", "Optim")]
public sealed class SchedulesTests
{
    private static readonly string Path = System.IO.Path.Combine(Shared.Root ?? "", "optim", "schedules.json");

    private static readonly JsonElement? File = System.IO.File.Exists(Path) ? Shared.Json(Path) : null;

    public static TheoryData<string> Names() => Cases.Named(File?.GetProperty("schedules").EnumerateObject().Select(entry => entry.Name));

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Rates_equal_the_reference(string name)
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        Skip.If(Cases.IsNone(name), "no optim/schedules.json under the root");
        double rate = File!.Value.GetProperty("base_lr").GetDouble();
        JsonElement entry = File.Value.GetProperty("schedules").GetProperty(name);
        Settings settings = new(entry.GetProperty("options"));
        Schedule? schedule = Of(entry.GetProperty("function").GetString()!, settings, rate);
        Skip.If(schedule is null, $"not supported: {entry.GetProperty("function")}");
        long? total = settings.Has("num_training_steps") ? (long)settings.Number("num_training_steps", 0) : null;
        settings.SkipUnread();
        double[] want = [.. entry.GetProperty("lr").EnumerateArray().Select(value => value.GetDouble())];
        Assert.NotEmpty(want);
        Assert.All(want, (value, step) => Assert.Equal(value, rate * schedule!.Factor(step, total), 1e-12));
    }

    private static Schedule? Of(string function, Settings settings, double rate)
    {
        StepSpan warmUp = (int)settings.Number("num_warmup_steps", 0);
        switch (function)
        {
            case "get_constant_schedule" or "get_constant_schedule_with_warmup":
                return Schedule.Constant(warmUp);
            case "get_linear_schedule_with_warmup":
                return Schedule.Linear(warmUp);
            case "get_cosine_schedule_with_warmup" or "get_cosine_with_min_lr_schedule_with_warmup":
                return Schedule.Cosine(warmUp, settings.Number("num_cycles", 0.5), settings.Number("min_lr_rate", settings.Number("min_lr", 0) / rate));
            case "get_cosine_with_hard_restarts_schedule_with_warmup":
                return Schedule.CosineWithRestarts(warmUp, (int)settings.Number("num_cycles", 1));
            case "get_polynomial_decay_schedule_with_warmup":
                return Schedule.Polynomial(warmUp, settings.Number("power", 1), settings.Number("lr_end", 1e-7) / rate);
            case "get_inverse_sqrt_schedule":
                return Schedule.InverseSquareRoot(warmUp, settings.Has("timescale") ? (long)settings.Number("timescale", 0) : null);
            case "get_wsd_schedule":
                return Schedule.WarmupStableDecay(
                    warmUp, (int)settings.Number("num_decay_steps", 0), settings.Has("num_stable_steps") ? (int)settings.Number("num_stable_steps", 0) : null,
                    settings.Number("min_lr_ratio", 0), Way(settings.Text("warmup_type", "linear")), Way(settings.Text("decay_type", "cosine")));
            default:
                return null;
        }
    }

    private static Ramp Way(string name) => name switch { "linear" => Ramp.Linear, "cosine" => Ramp.Cosine, _ => Ramp.OneMinusSquareRoot };
}
