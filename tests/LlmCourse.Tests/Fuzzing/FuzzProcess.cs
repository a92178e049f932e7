using System.Diagnostics;
using LlmCourse.Runtime;

namespace LlmCourse.Tests.Fuzzing;

/// <summary>
/// The child: <c>dotnet exec LlmCourse.Tests.dll NAME FIRST COUNT</c> reads damaged files and prints what happened.
/// A case depends on its number alone, so <c>NAME 1234 1</c> repeats one.
/// </summary>
internal static class FuzzProcess
{
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    public static int Run(string[] args)
    {
        if (args is not [string name, string first, string count])
        {
            Console.Error.WriteLine("usage: NAME FIRST COUNT");
            return 2;
        }

        FuzzTarget target = FuzzTargets.All.Single(target => target.Name == name);
        string folder = Directory.CreateTempSubdirectory("llmcourse-fuzz-").FullName;
        try
        {
            Fuzz(target, folder, int.Parse(first, null), int.Parse(count, null));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Fuzz(FuzzTarget target, string folder, int first, int count)
    {
        IReadOnlyList<byte[]> seeds = target.Seeds();
        foreach (byte[] seed in seeds)
            target.Read(folder, seed); // an exception here ends the process: a seed must be valid
        int accepted = 0, refused = 0;
        for (int number = first; number < first + count; number++)
        {
            // Written before it is read: if this process dies, the last line says in which case.
            Console.WriteLine($"case {number}");
            byte[] content = Mutator.Mutate(seeds, new Random(number));
            long start = Stopwatch.GetTimestamp();
            try
            {
                target.Read(folder, content);
                accepted++;
            }
            catch (LlmException)
            {
                refused++;
            }
            catch (Exception error)
            {
                Console.WriteLine($"{FuzzTests.Wrong} case {number}: {error.GetType().Name}: {error.Message} {error.StackTrace?.Split('\n').FirstOrDefault()?.Trim()}");
            }

            if (Stopwatch.GetElapsedTime(start) > Slow)
                Console.WriteLine($"{FuzzTests.Wrong} case {number}: took {Stopwatch.GetElapsedTime(start)}");
        }

        using Process self = Process.GetCurrentProcess();
        Console.WriteLine($"accepted {accepted} refused {refused} peak {self.PeakWorkingSet64}");
    }
}
