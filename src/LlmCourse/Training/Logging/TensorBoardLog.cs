using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;
using Tensorboard;

namespace LlmCourse.Training.Logging;

/// <summary>
/// Event files for TensorBoard, one curve for each number: <c>tensorboard --logdir folder</c>. Values are kept in single precision.
/// Each run writes a file of its own; TensorBoard joins those of one folder.
/// </summary>
public sealed class TensorBoardLog : ITrainingLog, IDisposable
{
    // TorchSharp has the messages. Its own writer dates the first event in ticks of .NET, not in seconds since 1970.
    private readonly FileStream _file;

    /// <summary>Starts a file in a folder, which is made if it is missing.</summary>
    /// <param name="folder">Where the files go.</param>
    public TensorBoardLog(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        string name = string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{DateTimeOffset.UtcNow.ToUnixTimeSeconds():D10}.{Environment.MachineName}.{Environment.ProcessId}");
        string path = Path.Combine(folder, name);
        for (int i = 1; File.Exists(path); i++)
            path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}.{i}"));
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        Write(new Event { FileVersion = "brain.Event:2" });
    }

    /// <inheritdoc/>
    public void Write(long step, IReadOnlyDictionary<string, double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        Summary summary = new();
        summary.Value.AddRange(values.Select(entry => new Summary.Types.Value { Tag = entry.Key, SimpleValue = (float)entry.Value }));
        Write(new Event { Step = step, Summary = summary });
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    // A record is its length, the length's checksum, the data, and the data's checksum.
    private void Write(Event entry)
    {
        entry.WallTime = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
        byte[] data = entry.ToByteArray();
        byte[] record = new byte[12 + data.Length + 4];
        BinaryPrimitives.WriteInt64LittleEndian(record, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), Checksum(record.AsSpan(0, 8)));
        data.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + data.Length), Checksum(data));
        _file.Write(record);
    }

    /// <summary>CRC-32C, rotated and shifted, as TFRecord files have it.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte value in bytes)
            sum = BitOperations.Crc32C(sum, value);
        return BitOperations.RotateRight(~sum, 15) + 0xA282EAD8;
    }
}
