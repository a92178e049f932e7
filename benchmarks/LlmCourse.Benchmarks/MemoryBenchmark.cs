using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmCourse.Lifecycle;

namespace LlmCourse.Benchmarks;

/// <summary>What <see cref="MemoryPlanner"/> says against what a training step holds, each case in a process of its own.</summary>
internal static class MemoryBenchmark
{
    public static void Run(IReadOnlyList<string> models, IReadOnlyList<string> methods, int threads, string? picture)
    {
        StringBuilder table = new("| | planned, MB | measured, MB | planned / measured | measured / weights | forward | backward | update | resident peak, MB |\n|---|---|---|---|---|---|---|---|---|\n");
        List<(MemoryCase Case, MemoryPlan Plan, MeasuredMemory Measured)> results = [];
        foreach (string model in models)
        {
            table.AppendLine(CultureInfo.InvariantCulture, $"| **{new MemoryCase(model, methods[0]).Title}** | | | | | | | | |");
            foreach (string method in methods)
            {
                MemoryCase measured = new(model, method);
                MemoryPlan plan = measured.Plan();
                using Peer worker = Peer.StartOurselves(MemoryWorker.Command, model, method, $"{threads}");
                MeasuredMemory found = JsonSerializer.Deserialize<MeasuredMemory>(worker.Started)!;
                results.Add((measured, plan, found));
                table.AppendLine(Row(method, plan, found));
                Console.Error.WriteLine($"{measured.Title}, {method}:\n{plan}\n{found}");
            }
        }

        Console.WriteLine(table);
        if (picture is not null)
            MemoryPicture.Save(picture, results);
    }

    private static string Row(string method, MemoryPlan plan, MeasuredMemory found)
    {
        static string Both(long planned, long measured) => string.Create(CultureInfo.InvariantCulture, $"{planned / 1e6:N0} / {measured / 1e6:N0}");
        long Planned(params string[] phases) => plan.Moments.Where(moment => phases.Contains(moment.Phase)).Max(moment => moment.Parts.Total);
        return string.Create(CultureInfo.InvariantCulture, $"| {method} | {plan.Peak.Parts.Total / 1e6:N1} | {found.Peak / 1e6:N1} | {(double)plan.Peak.Parts.Total / found.Peak:0.00} | {(double)found.Peak / plan.WeightBytes:0.0} | {Both(Planned("forward", "loss"), found.Forward)} | {Both(Planned("backward"), found.Backward)} | {Both(Planned("update"), found.Update)} | {found.ResidentPeak / 1e6:N0} |");
    }
}
