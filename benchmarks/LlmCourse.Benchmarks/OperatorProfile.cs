using System.Diagnostics;
using LlmCourse.Generation;
using LlmCourse.Runtime;

namespace LlmCourse.Benchmarks;

/// <summary>Where a decoding step spends its time, by operator.</summary>
internal static class OperatorProfile
{
    private const int Steps = 64;

    public static void Print(ModelBenchmark model)
    {
        foreach (int batch in new[] { 1, 8 })
        {
            (DecodingSession session, Action step) = model.Decoding(batch);
            using (session)
            {
                for (int i = 0; i < 8; i++)
                    step();
                Kernels.Clock = new OperatorClock();
                long start = Stopwatch.GetTimestamp();
                for (int i = 0; i < Steps; i++)
                    step();
                double total = Stopwatch.GetElapsedTime(start).TotalMilliseconds / Steps;
                Console.WriteLine($"B={batch}: {total:f2} ms a step");
                double known = 0;
                foreach ((string name, double milliseconds, long calls) in Kernels.Clock.Read())
                {
                    known += milliseconds / Steps;
                    Console.WriteLine($"  {name,-12} {milliseconds / Steps,8:f2} ms  {calls / Steps,5} calls");
                }

                Console.WriteLine($"  {"the rest",-12} {total - known,8:f2} ms");
                Kernels.Clock = null;
            }
        }
    }
}
