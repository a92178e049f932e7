using System.Diagnostics;
using System.Runtime.InteropServices;
using Spectre.Console;

namespace Lab2.FineTuning;

/// <summary>
/// What training takes: of the process, with what it is certain to be made of. The course has it that training takes 12 to 20
/// times the memory of the model.
/// </summary>
/// <param name="Parameters">The model's numbers, 4 bytes each (fp32).</param>
/// <param name="Trained">Numbers that are trained: all of them, or those of an adapter beside them.</param>
/// <param name="Growth">How much the process grew during the run, at most.</param>
internal sealed record TrainingMemory(long Parameters, long Trained, long Growth)
{
    private long Weights => Parameters * sizeof(float);

    private long Updates => Trained * sizeof(float);

    private long Beside => Trained == Parameters ? 0 : Updates;

    /// <summary>The weights, and all that training takes beside them.</summary>
    public long Total => Weights + Beside + Growth;

    /// <summary>Runs something and gives by how much the process grew meanwhile, looked at a hundred times a second.</summary>
    public static (T Result, long Growth) Watch<T>(Func<T> work)
    {
        GiveBack();
        long before = Now(), peak = before;
        using CancellationTokenSource done = new();
        Thread watcher = new(() =>
        {
            while (!done.Token.WaitHandle.WaitOne(10))
                peak = Math.Max(peak, Now());
        })
        { IsBackground = true };
        watcher.Start();
        try
        {
            return (work(), Math.Max(peak, Now()) - before);
        }
        finally
        {
            done.Cancel();
            watcher.Join();
        }
    }

    private static long Now()
    {
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    // What was freed goes back to the system: else a run would grow into the memory of the one before, unseen.
    private static void GiveBack()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        if (OperatingSystem.IsLinux())
            _ = MallocTrim(0);
    }

    [DllImport("libc", EntryPoint = "malloc_trim")]
    private static extern int MallocTrim(nint padding);

    /// <summary>The parts, the sum, and the course's claim.</summary>
    public Table Table()
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns("memory of training", "MB", "times the model", "bytes a weight");
        Row("weights, fp32", Weights);
        if (Beside > 0)
            Row("the adapter, fp32", Beside);
        Row("gradients", Updates);
        Row("AdamW: means of gradients and of their squares", 2 * Updates);
        Row("the rest: activations of a batch, workspace, data", Growth - (3 * Updates));
        Row("together", Total);
        return table;

        void Row(string name, long bytes) => table.AddRow(name, $"{bytes / 1e6:N1}", $"{(double)bytes / Weights:N1}", $"{(double)bytes / Parameters:N1}");
    }
}
