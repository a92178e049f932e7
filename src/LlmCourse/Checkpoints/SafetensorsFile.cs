using System.Buffers.Binary;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>A safetensors file, mapped into memory. Its header has been checked against the file's size as a whole.</summary>
internal sealed unsafe class SafetensorsFile : IWeightSource
{
    /// <summary>The format's own limit, so that a damaged length cannot ask for more.</summary>
    private const long HeaderLimit = 100_000_000;
    private const int LengthBytes = sizeof(ulong);

    private readonly MappedFile _file;

    private SafetensorsFile(MappedFile file, SafetensorsHeader header)
    {
        _file = file;
        Weights = header.Weights;
        Metadata = header.Metadata;
    }

    public IReadOnlyDictionary<string, WeightInfo> Weights { get; }

    /// <summary>The strings under <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    public static SafetensorsFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(file, ReadHeader(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void CopyTo(string name, Tensor destination)
    {
        WeightInfo weight = this.Find(name, destination);
        TensorMemory.Copy(_file, weight, destination);
    }

    /// <summary>By their bytes, up to the first that differs: tables of words are large, and mostly no copies.</summary>
    public bool AreEqual(string name, string other)
    {
        WeightInfo first = this.Find(name), second = this.Find(other);
        return first.Type == second.Type && first.Shape.AsSpan().SequenceEqual(second.Shape) && _file.AreEqual(first.Offset, second.Offset, first.Bytes);
    }

    public void Dispose() => _file.Dispose();

    private static SafetensorsHeader ReadHeader(MappedFile file)
    {
        if (file.Length < LengthBytes)
            throw NotSafetensors(file, $"{file.Length} bytes are too few");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Head(LengthBytes));
        if (length > HeaderLimit)
            throw NotSafetensors(file, $"its header would be {length} bytes long, above the format's limit of {HeaderLimit}");
        if (length > (ulong)(file.Length - LengthBytes))
            throw new CheckpointException(file.Path, $"the file is cut short: its header needs {length} bytes, {file.Length - LengthBytes} are there. Download it again.");
        ReadOnlySpan<byte> header = new(file.Data + LengthBytes, (int)length);
        if (!header.StartsWith("{"u8))
            throw NotSafetensors(file, "its header does not start with {");
        long start = LengthBytes + (long)length;
        return SafetensorsHeader.Parse(header, start, file.Length - start, file.Path);
    }

    private static CheckpointException NotSafetensors(MappedFile file, string why) =>
        new(file.Path, $"this is no safetensors file: {why}.{ForeignFile.Hint(file.Head(64))}");
}
