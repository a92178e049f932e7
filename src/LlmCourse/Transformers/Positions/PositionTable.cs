using System.Numerics;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// A fixed table with one row for each position, made on the host and kept for each type and device; it grows with the
/// longest sequence seen. Safe to use from several threads.
/// </summary>
/// <param name="width">The size of a row.</param>
/// <param name="row">Writes the row of a position.</param>
internal sealed class PositionTable(int width, Action<int, Span<float>> row) : IDisposable
{
    private readonly Lock _growing = new();
    private readonly List<Tensor> _tables = [];

    /// <summary>A table [N, width] with N ≥ <paramref name="needed"/>; owned by this.</summary>
    public Tensor AtLeast(int needed, ScalarType type, Device device)
    {
        lock (_growing)
        {
            foreach (Tensor candidate in _tables)
            {
                if (candidate.size(0) >= needed && candidate.dtype == type && candidate.device.Is(device))
                    return candidate;
            }

            // A smaller table may still be in use by another thread: it stays until the model goes.
            int length = Math.Max(512, (int)BitOperations.RoundUpToPowerOf2((uint)needed));
            float[] values = new float[length * width];
            for (int position = 0; position < length; position++)
                row(position, values.AsSpan(position * width, width));
            using Tensor host = tensor(values, [length, width], device: CPU);
            Tensor table = host.to(type, device, copy: true).DetachFromDisposeScope();
            _tables.Add(table);
            return table;
        }
    }

    public void Dispose()
    {
        foreach (Tensor table in _tables)
            table.Dispose();
        _tables.Clear();
    }
}
