using System.Text;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>GGUF files put together by hand.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte[]> _metadata = [];
    private readonly List<(byte[] Description, byte[] Data)> _tensors = [];

    public uint Version { get; init; } = 3;

    public int Alignment { get; init; } = 32;

    /// <summary>Adds a metadata value; <paramref name="write"/> writes what follows its type.</summary>
    public GgufBytes Value(string key, uint type, Action<BinaryWriter> write)
    {
        _metadata.Add(Bytes(writer =>
        {
            Text(writer, key);
            writer.Write(type);
            write(writer);
        }));
        return this;
    }

    /// <summary>Adds a tensor; its dimensions in the file's order, the fastest first.</summary>
    public GgufBytes Tensor(string name, uint type, ulong[] dimensions, byte[] data, ulong? offset = null)
    {
        ulong place = offset ?? (ulong)_tensors.Sum(tensor => Padded(tensor.Data.Length));
        _tensors.Add((Bytes(writer =>
        {
            Text(writer, name);
            writer.Write(dimensions.Length);
            foreach (ulong size in dimensions)
                writer.Write(size);
            writer.Write(type);
            writer.Write(place);
        }), data));
        return this;
    }

    public byte[] Build() => Bytes(writer =>
    {
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_metadata.Count);
        _metadata.ForEach(writer.Write);
        _tensors.ForEach(tensor => writer.Write(tensor.Description));
        writer.Flush();
        int length = (int)writer.BaseStream.Length;
        writer.Write(new byte[Padded(length) - length]);
        foreach ((_, byte[] data) in _tensors)
        {
            writer.Write(data);
            writer.Write(new byte[Padded(data.Length) - data.Length]);
        }
    });

    public static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    public static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static byte[] Bytes(Action<BinaryWriter> write)
    {
        using MemoryStream buffer = new();
        using BinaryWriter writer = new(buffer);
        write(writer);
        writer.Flush();
        return buffer.ToArray();
    }

    private int Padded(int length) => (length + Alignment - 1) / Alignment * Alignment;
}
