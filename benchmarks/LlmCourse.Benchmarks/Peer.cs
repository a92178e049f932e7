using System.Diagnostics;
using System.Globalization;

namespace LlmCourse.Benchmarks;

/// <summary>Hugging Face's stack in a process of its own, asked for one figure at a time.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process _process;

    private Peer(Process process) => _process = process;

    public static Peer Start(BenchmarkArguments arguments)
    {
        ProcessStartInfo start = new(arguments.Python!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "peer.py"));
        start.ArgumentList.Add(arguments.Model);
        start.ArgumentList.Add(arguments.Threads.ToString(CultureInfo.InvariantCulture));
        start.Environment["HF_HUB_OFFLINE"] = "1";
        start.Environment.Remove("OPENBLAS_CORETYPE");
        start.Environment.Remove("OPENBLAS_L2_SIZE");
        Process process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        Peer peer = new(process);
        peer.Read(); // "ready"
        return peer;
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

    private string Read() => _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The Python process has ended; run peer.py by hand to see why.");
}
