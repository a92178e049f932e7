using System.Diagnostics;
using LlmCourse.Runtime;

namespace LlmCourse.Tests.Fuzzing;

/// <summary>
/// The child: <c>dotnet exec LlmCourse.Tests.dll NAME FIRST COUNT</c> reads damaged files and prints what happened.
/// A case depends on its number alone, so <c>NAME 1234 1</c> repeats one. <c>targets</c> prints the names.
/// </summary>
internal static class FuzzProcess
{
    // Of the processor's time: the clock on the wall also counts what other programs take.
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    public static int Run(string[] args)
    {
        if (args is ["targets"])
        {
            foreach (FuzzTarget one in FuzzTargets.All)
                Console.WriteLine(one.Name);
            return 0;
        }

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
        using Process self = Process.GetCurrentProcess();
        int accepted = 0, refused = 0;
        for (int number = first; number < first + count; number++)
        {
            // Written before it is read: if this process dies, the last line says in which case.
            Console.WriteLine($"case {number}");
            byte[] content = Mutator.Mutate(seeds, new Random(number));
            TimeSpan start = self.TotalProcessorTime;
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
                Console.WriteLine($"{FuzzTests.Wrong} case {number}: {error.GetType().Name}: {error.Message.Split('\n')[0]} {Frames(error, count == 1 ? int.MaxValue : 4)}");
            }

            self.Refresh();
            if (self.TotalProcessorTime - start is var took && took > Slow)
                Console.WriteLine($"{FuzzTests.Wrong} case {number}: took {took} of the processor's time");
        }

        Console.WriteLine($"accepted {accepted} refused {refused} peak {self.PeakWorkingSet64}");
    }

    private static string Frames(Exception error, int most) =>
        string.Join(' ', error.StackTrace?.Split('\n').Take(most).Select(line => line.Trim()) ?? []);
}
