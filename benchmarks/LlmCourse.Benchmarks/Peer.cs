using System.Diagnostics;
using System.Globalization;

namespace LlmCourse.Benchmarks;

/// <summary>A Python stack in a process of its own, asked for one figure at a time.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process _process;

    private Peer(Process process) => _process = process;

    /// <summary>Its first line: "ready" of one that is asked for figures.</summary>
    public string Started { get; private set; } = "";

    /// <param name="arguments">Where Python is.</param>
    /// <param name="script">The script's name, which lies beside the program.</param>
    /// <param name="command">Its arguments.</param>
    public static Peer Start(BenchmarkArguments arguments, string script, params string[] command)
    {
        Peer peer = new(Python(arguments, [Path.Combine(AppContext.BaseDirectory, script), .. command]));
        peer.Started = peer.Read();
        return peer;
    }

    /// <summary>This program once more, with other arguments.</summary>
    public static Peer StartOurselves(params string[] command)
    {
        Peer peer = new(Start(new ProcessStartInfo(Environment.ProcessPath!, Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? [typeof(Peer).Assembly.Location, .. command] : command)));
        peer.Started = peer.Read();
        return peer;
    }

    /// <summary>Runs a script of somebody else's and gives what it prints.</summary>
    public static string RunScript(BenchmarkArguments arguments)
    {
        using Process process = Python(arguments, arguments.LlamaCpp!, arguments.Model, "--threads", $"{arguments.Threads}");
        process.StandardInput.Close();
        string printed = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return printed;
    }

    public double Ask(string what)
    {
        _process.StandardInput.WriteLine(what);
        return double.Parse(Read(), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static Process Python(BenchmarkArguments arguments, params string[] command)
    {
        ProcessStartInfo start = new(arguments.Python ?? throw new ArgumentException("--python is needed."), command);
        start.Environment["HF_HUB_OFFLINE"] = "1";
        start.Environment.Remove("OPENBLAS_CORETYPE");
        start.Environment.Remove("OPENBLAS_L2_SIZE");
        return Start(start);
    }

    private static Process Start(ProcessStartInfo start)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        Process process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    private string Read() => _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The Python process has ended; run its script by hand to see why.");
}
