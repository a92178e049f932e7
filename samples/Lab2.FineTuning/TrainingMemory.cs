using System.Diagnostics;
using Spectre.Console;

namespace Lab2.FineTuning;

/// <summary>
/// What training takes: of the process, with what it is certain to be made of. The course has it that training takes 12 to 20
/// times the memory of the model.
/// </summary>
/// <param name="Parameters">The model's numbers, 4 bytes each (fp32).</param>
/// <param name="Trained">Numbers that are trained: all of them, or those of an adapter beside them.</param>
/// <param name="WithoutModel">The process before the run, less the weights: runtime and libraries.</param>
/// <param name="Peak">The most the process had in memory during the run.</param>
internal sealed record TrainingMemory(long Parameters, long Trained, long WithoutModel, long Peak)
{
    private long Weights => Parameters * sizeof(float);

    private long Updates => Trained * sizeof(float);

    private long Beside => Trained == Parameters ? 0 : Updates;

    /// <summary>The weights, and all that training takes beside them.</summary>
    public long Total => Peak - WithoutModel;

    public static long Now()
    {
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    /// <summary>Runs something and gives the most memory that was seen meanwhile, a hundred times a second.</summary>
    public static (T Result, long Peak) Watch<T>(Func<T> work)
    {
        long peak = Now();
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
            return (work(), Math.Max(peak, Now()));
        }
        finally
        {
            done.Cancel();
            watcher.Join();
        }
    }

    /// <summary>The parts, the sum, and the course's claim.</summary>
    public Table Table()
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns("memory of training", "MB", "times the model", "bytes a weight");
        Row("weights, fp32", Weights);
        if (Beside > 0)
            Row("the adapter, fp32", Beside);
        Row("gradients", Updates);
        Row("AdamW: means of gradients and of their squares", 2 * Updates);
        Row("the rest: activations of a batch, workspace, data", Total - Weights - Beside - (3 * Updates));
        Row("together", Total);
        return table;

        void Row(string name, long bytes) => table.AddRow(name, $"{bytes / 1e6:N1}", $"{(double)bytes / Weights:N1}", $"{(double)bytes / Parameters:N1}");
    }
}
