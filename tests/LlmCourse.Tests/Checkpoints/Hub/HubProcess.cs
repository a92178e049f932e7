using System.Diagnostics;
using LlmCourse.Checkpoints;
using LlmCourse.Checkpoints.Hub;

namespace LlmCourse.Tests.Checkpoints.Hub;

/// <summary>The child: <c>dotnet exec LlmCourse.Tests.dll hub ENDPOINT CACHE MODEL</c> downloads a model and prints where it is. An ENDPOINT of "offline" asks nobody.</summary>
internal static class HubProcess
{
    public static async Task<int> RunAsync(string endpoint, string cache, string model)
    {
        HubSettings settings = new() { Cache = HubCache.At(cache), IsOffline = endpoint == "offline" };
        if (!settings.IsOffline)
            settings = settings with { Endpoint = new Uri(endpoint) };
        try
        {
            Console.WriteLine(await HubDownload.RunAsync(HubId.Parse(model, null), settings, null, default));
            return 0;
        }
        catch (LlmCourse.Runtime.LlmException error)
        {
            Console.WriteLine(error.Message);
            return 1;
        }
    }

    /// <summary>Starts it.</summary>
    /// <param name="server">The hub.</param>
    /// <param name="cache">The cache's folder.</param>
    /// <param name="fileBlocks">How large its files may become, in kilobytes; null for no limit. As on a full disk, a write beyond it fails.</param>
    public static Process Start(HubServer server, string cache, int? fileBlocks = null)
    {
        string[] child = [Fuzzing.FuzzTests.DotnetHost(), "exec", typeof(HubProcess).Assembly.Location, "hub", server.Address.AbsoluteUri, cache, HubServer.Model];
        string[] command = fileBlocks is null ? child : ["bash", "-c", $"trap '' XFSZ; ulimit -f {fileBlocks}; exec \"$@\"", "bash", .. child];
        ProcessStartInfo start = new(command[0]) { RedirectStandardOutput = true };
        foreach (string argument in command[1..])
            start.ArgumentList.Add(argument);
        if (fileBlocks is not null)
            start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // .NET keeps its compiled code in a large file otherwise
        return Process.Start(start)!;
    }

    /// <summary>Waits for its end: how it ended, and its last line.</summary>
    public static async Task<(int Code, string Said)> EndAsync(Process child)
    {
        string said = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        return (child.ExitCode, said.Trim());
    }
}
