using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace LlmCourse.Tests.Fuzzing;

/// <summary>
/// 2,000 damaged files of every kind, read in a child process, where even a crash of native code or a stack overflow is
/// only a failed test.
/// </summary>
public sealed partial class FuzzTests
{
    /// <summary>What lines about anything but success or a proper error begin with.</summary>
    internal const string Wrong = "WRONG";

    private const int Cases = 2_000;
    private const long PeakLimit = 700L << 20; // libtorch alone takes 150 MB

    // A child that computes without end is stopped by what it computed, so that a slow or paused machine fails nothing;
    // one that waits without end, by the clock.
    private static readonly TimeSpan ProcessorTime = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    public static TheoryData<string> Targets => new(FuzzTargets.All.Select(target => target.Name));

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Targets))]
    public async Task Damaged_files_are_read_or_refused_but_never_worse(string target)
    {
        (int exitCode, string output, string errors) = await RunChild(target, "1", Cases.ToString(CultureInfo.InvariantCulture));
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.True(exitCode == 0, $"exit code {exitCode} after '{lines.LastOrDefault()}': {errors[..Math.Min(errors.Length, 2000)]}");
        Assert.DoesNotContain(lines, line => line.StartsWith(Wrong, StringComparison.Ordinal));
        Match summary = Summary().Match(lines[^1]);
        Assert.True(summary.Success, lines[^1]);
        Assert.Equal(Cases, Number(summary, 1) + Number(summary, 2));
        Assert.NotEqual(0, Number(summary, 2));
        Assert.InRange(Number(summary, 3), 1, PeakLimit);
    }

    [Fact]
    public async Task A_child_that_cannot_do_its_work_says_so()
    {
        (int exitCode, _, string errors) = await RunChild("safetensors");
        Assert.Equal(2, exitCode);
        Assert.Contains("usage", errors, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunChild(params string[] arguments)
    {
        ProcessStartInfo start = new(DotnetHost()) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(typeof(FuzzTests).Assembly.Location);
        Array.ForEach(arguments, start.ArgumentList.Add);
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x8000000"; // 128 MB: an array of an unchecked size fails at once
        using Process child = Process.Start(start)!;
        Task<string> output = child.StandardOutput.ReadToEndAsync();
        Task<string> errors = child.StandardError.ReadToEndAsync();
        Task exit = child.WaitForExitAsync();
        long started = Stopwatch.GetTimestamp();
        while (await Task.WhenAny(exit, Task.Delay(TimeSpan.FromSeconds(1))) != exit)
        {
            if (Stopwatch.GetElapsedTime(started) < Patience && UsedBy(child) < ProcessorTime)
                continue;
            child.Kill(entireProcessTree: true);
            Assert.Fail($"the child hung: {(await output).TrimEnd().Split('\n')[^1]}");
        }

        return (child.ExitCode, await output, await errors);
    }

    private static TimeSpan UsedBy(Process child)
    {
        try
        {
            child.Refresh();
            return child.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            return TimeSpan.Zero; // it has ended in the meantime
        }
    }

    /// <summary>
    /// What runs an assembly that is named after <c>exec</c>: the host of the runtime that runs this test, which need not be
    /// on the path. A program that brings its runtime along runs its assemblies itself.
    /// </summary>
    internal static string DotnetHost()
    {
        string runtime = Path.TrimEndingDirectorySeparator(RuntimeEnvironment.GetRuntimeDirectory());
        return runtime == Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)
            ? Environment.ProcessPath!
            : Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
    }

    private static long Number(Match match, int group) => long.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^accepted (\d+) refused (\d+) peak (\d+)\s*$")]
    private static partial Regex Summary();
}
