using System.Text;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>GGUF files put together by hand.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte[]> _metadata = [];
    private readonly List<(string Name, uint Type, ulong[] Dimensions, byte[] Data, ulong? Offset)> _tensors = [];

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
        _tensors.Add((name, type, dimensions, data, offset));
        return this;
    }

    /// <summary>The same as several files: the first has the metadata, and each about as many tensors, as llama.cpp splits them.</summary>
    public byte[][] Split(int count)
    {
        byte[][] parts = new byte[count][];
        int each = (_tensors.Count + count - 1) / count;
        for (int part = 0; part < count; part++)
        {
            GgufBytes one = new() { Version = Version, Alignment = Alignment };
            if (part == 0)
                one._metadata.AddRange(_metadata);
            one.SplitKeys((ushort)part, (ushort)count, _tensors.Count)._tensors.AddRange(_tensors.Skip(part * each).Take(each));
            parts[part] = one.Build();
        }

        return parts;
    }

    /// <summary>Adds what a part says of itself; its number from 0.</summary>
    public GgufBytes SplitKeys(ushort number, ushort count, int tensors) =>
        Value("split.no", 2, writer => writer.Write(number)).Value("split.count", 2, writer => writer.Write(count)).Value("split.tensors.count", 5, writer => writer.Write(tensors));

    public byte[] Build() => Bytes(writer =>
    {
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_metadata.Count);
        _metadata.ForEach(writer.Write);
        ulong next = 0;
        foreach ((string name, uint type, ulong[] dimensions, byte[] data, ulong? offset) in _tensors)
        {
            Text(writer, name);
            writer.Write(dimensions.Length);
            foreach (ulong size in dimensions)
                writer.Write(size);
            writer.Write(type);
            writer.Write(offset ?? next);
            next += (ulong)Padded(data.Length);
        }

        writer.Flush();
        int length = (int)writer.BaseStream.Length;
        writer.Write(new byte[Padded(length) - length]);
        foreach ((_, _, _, byte[] data, _) in _tensors)
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
