using System.Diagnostics;
using LlmCourse.Tests.Checkpoints;

namespace LlmCourse.Tests.Training;

/// <summary>A run that is killed and goes on ends with the same bits as one that was left alone.</summary>
public sealed class ResumeTests
{
    [Theory]
    [Trait("Category", "Long")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3, "in-backward")]
    public async Task A_killed_run_goes_on_to_the_same_weights(int seed, params string[] mode)
    {
        using TemporaryFolder whole = TinyLlm.Folder("gpt2"), killed = TinyLlm.Folder("gpt2");
        string expected = (await Run(whole.Path, mode, null, default))!;
        Random random = new(seed);
        string? found = null;
        int kills = 0;
        for (int attempt = 0; found is null; attempt++)
        {
            Assert.True(attempt < 10, "the run does not come to an end");
            // First two kills in the middle, at a random moment behind a random step; then it may finish.
            int? killBehind = kills < 2 ? random.Next(3, 6) : null;
            found = await Run(killed.Path, mode, killBehind, TimeSpan.FromMilliseconds(random.Next(0, 12)));
            kills += found is null ? 1 : 0;
        }

        Assert.Equal(2, kills);
        Assert.Equal(expected, found);
    }

    // What the child printed last, or null where it was killed behind the given number of steps.
    private static async Task<string?> Run(string folder, string[] mode, int? killBehind, TimeSpan delay)
    {
        ProcessStartInfo start = new(Fuzzing.FuzzTests.DotnetHost()) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["exec", typeof(ResumeTests).Assembly.Location, "train", folder, .. mode])
            start.ArgumentList.Add(argument);
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string? last = null;
        int steps = 0;
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            last = line;
            if (line.StartsWith("step", StringComparison.Ordinal) && ++steps == killBehind)
            {
                await Task.Delay(delay);
                child.Kill(); // SIGKILL
                await child.WaitForExitAsync();
                return null;
            }
        }

        await child.WaitForExitAsync();
        Assert.True(child.ExitCode == 0, await errors);
        return last;
    }
}
