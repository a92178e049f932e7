using System.Numerics;
using LlmCourse.Runtime;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// A GGUF file of version 2 or 3, or one part of a split one, mapped into memory. Tensors keep the names of the file; their shapes are in PyTorch's
/// order (the file lists dimensions the other way round). Quantised ones are read as fp32.
/// </summary>
internal sealed unsafe class GgufFile : IWeightSource
{
    private const string AlignmentKey = "general.alignment";
    private const string SplitKey = "split.";
    private const uint DefaultAlignment = 32;
    private const uint MaxDimensions = 4;

    // The least that one entry takes: an empty key or name, and the smallest value or a scalar's description.
    private const int SmallestValue = sizeof(ulong) + sizeof(uint) + 1;
    private const int SmallestTensor = sizeof(ulong) + sizeof(uint) + sizeof(uint) + sizeof(ulong);

    private readonly MappedFile _file;
    private readonly Dictionary<string, object> _metadata = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeightInfo> _weights = new(StringComparer.Ordinal);

    private GgufFile(MappedFile file) => _file = file;

    public IReadOnlyDictionary<string, WeightInfo> Weights => _weights;

    /// <summary>
    /// The metadata as boxed values of the file's own types: <c>byte</c> … <c>double</c>, <c>bool</c>, <c>string</c>,
    /// and arrays of them (<c>object[]</c> for an array of arrays).
    /// </summary>
    public IReadOnlyDictionary<string, object> Metadata => _metadata;

    /// <summary>Which part of how many it is, from 1, and how many tensors all of them have, where it says so.</summary>
    public (int Number, int Count, int? Tensors) Split { get; private set; } = (1, 1, null);

    public static GgufFile Open(string path)
    {
        GgufFile file = new(MappedFile.Open(path));
        try
        {
            file.ReadHeader();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>False for a tensor that is listed, but whose storage type cannot be read.</summary>
    public bool CanRead(string name) =>
        Type(this.Find(name)) is var type && (type.Plain() is not null || GgufBlocks.CanDequantise(type));

    public void CopyTo(string name, Tensor destination)
    {
        WeightInfo weight = this.Find(name, destination);
        GgmlType type = Type(weight);
        if (type.Plain() is not null)
            TensorMemory.Copy(_file, weight, destination);
        else if (GgufBlocks.CanDequantise(type))
            CopyBlocks(type, weight, destination);
        else
            throw new CheckpointException(_file.Path, $"tensor '{name}' is stored as {type}, which cannot be read. Take a file in F32, F16, BF16, Q8_0, Q2_K to Q6_K, or Q4_0 to Q5_1.");
    }

    public void Dispose() => _file.Dispose();

    private static GgmlType Type(WeightInfo weight) => Enum.Parse<GgmlType>(weight.Storage);

    private void CopyBlocks(GgmlType type, WeightInfo weight, Tensor destination)
    {
        if (weight.Bytes == 0)
            return;
        long blocks = weight.Bytes / type.Block().Bytes;
        if (TensorMemory.IsPlain(destination, ScalarType.Float32))
        {
            GgufBlocks.Dequantise(type, _file.Data + weight.Offset, (float*)TensorMemory.Pointer(destination), blocks);
            WriteCount.Raise(destination);
            return;
        }

        using IDisposable noGradient = no_grad();
        using Tensor values = empty(weight.Shape, ScalarType.Float32, CPU);
        GgufBlocks.Dequantise(type, _file.Data + weight.Offset, (float*)TensorMemory.Pointer(values), blocks);
        destination.copy_(values);
    }

    private void ReadHeader()
    {
        if (!_file.Head(4).SequenceEqual("GGUF"u8))
            throw new CheckpointException(_file.Path, $"this is no GGUF file: it does not begin with 'GGUF'.{ForeignFile.Hint(_file.Head(64))}");
        GgufReader reader = new(_file);
        reader.Number<uint>();
        CheckVersion(reader.Number<uint>());
        int tensors = reader.Count(SmallestTensor, "tensors");
        int values = reader.Count(SmallestValue, "metadata values");
        for (int i = 0; i < values; i++)
        {
            string key = reader.Text();
            if (!_metadata.TryAdd(key, reader.Value(key)))
                throw Damaged($"metadata '{key}' is there twice");
        }

        Split = ReadSplit();
        uint alignment = Alignment();
        List<(string Name, GgmlType Type, long[] Shape, ulong Offset)> entries = [];
        for (int i = 0; i < tensors; i++)
            entries.Add(ReadTensor(reader));
        long dataStart = Padded(reader.Position, alignment);
        CheckPadding(reader.Position, dataStart);
        foreach ((string name, GgmlType type, long[] shape, ulong offset) in entries)
        {
            WeightInfo weight = Place(name, type, shape, offset, dataStart, alignment);
            if (!_weights.TryAdd(name, weight))
                throw Damaged($"tensor '{name}' is there twice");
        }

        CheckCoverage(dataStart, alignment);
    }

    private static long Padded(long position, uint alignment) => (position + alignment - 1) & -(long)alignment;

    private void CheckVersion(uint version)
    {
        if (version is 2 or 3)
            return;
        throw new CheckpointException(_file.Path, BitConverter.IsLittleEndian && version != 0 && (version & 0xFFFF) == 0
            ? "this is a big-endian GGUF file, which is not supported. Take the little-endian file of the same model."
            : $"GGUF version {version} is not supported (2 and 3 are). Convert the model with a current llama.cpp.");
    }

    private (int Number, int Count, int? Tensors) ReadSplit()
    {
        if (!_metadata.TryGetValue(SplitKey + "count", out object? count) || count is ushort and <= 1)
            return (1, 1, null);
        object number = _metadata.GetValueOrDefault(SplitKey + "no", (ushort)0);
        if (count is not ushort parts || number is not ushort before || before >= parts)
            throw Damaged($"{SplitKey}no and {SplitKey}count are '{number}' and '{count}', which no part of a file has");
        return (before + 1, parts, _metadata.GetValueOrDefault(SplitKey + "tensors.count") as int?);
    }

    private uint Alignment()
    {
        if (!_metadata.TryGetValue(AlignmentKey, out object? value))
            return DefaultAlignment;
        return value is uint alignment && BitOperations.IsPow2(alignment)
            ? alignment
            : throw Damaged($"{AlignmentKey} is '{value}', not a power of two of type uint32");
    }

    private (string Name, GgmlType Type, long[] Shape, ulong Offset) ReadTensor(GgufReader reader)
    {
        string name = reader.Text();
        uint dimensions = reader.Number<uint>();
        if (dimensions > MaxDimensions)
            throw Damaged($"tensor '{name}' has {dimensions} dimensions; GGUF allows {MaxDimensions}");
        long[] shape = new long[dimensions];
        for (int i = shape.Length - 1; i >= 0; i--)
            shape[i] = reader.Number<long>();
        uint type = reader.Number<uint>();
        return Enum.IsDefined((GgmlType)type)
            ? (name, (GgmlType)type, shape, reader.Number<ulong>())
            : throw Damaged($"tensor '{name}' has the unknown storage type {type}");
    }

    private WeightInfo Place(string name, GgmlType type, long[] shape, ulong offset, long dataStart, uint alignment)
    {
        string described = $"tensor '{name}' ({type} [{string.Join(", ", shape)}])";
        (int elementsPerBlock, int bytesPerBlock) = type.Block();
        if (!WeightInfo.TryCount(shape, out long elements))
            throw Damaged($"{described} has an impossible shape");
        if ((shape.Length == 0 ? 1 : shape[^1]) % elementsPerBlock != 0)
            throw Damaged($"{described} has rows that are no multiple of a block of {elementsPerBlock}");
        if (offset % alignment != 0)
            throw Damaged($"{described} begins at {offset}, which is no multiple of the alignment {alignment}");
        long available = _file.Length - dataStart;
        if (offset > (ulong)Math.Max(available, 0) || elements / elementsPerBlock > (available - (long)offset) / bytesPerBlock)
            throw Damaged($"{described} begins at {offset} and reaches beyond the {Math.Max(available, 0)} bytes of data in the file");
        long bytes = elements / elementsPerBlock * bytesPerBlock;
        return new WeightInfo(name, type.ToString(), type.Plain() ?? ScalarType.Float32, shape, bytes, dataStart + (long)offset, _file.Path);
    }

    /// <summary>Anything but zeros behind the header is a part of it that the counts leave out.</summary>
    private void CheckPadding(long headerEnd, long dataStart)
    {
        ReadOnlySpan<byte> padding = new(_file.Data + headerEnd, (int)(Math.Min(dataStart, _file.Length) - headerEnd));
        if (padding.ContainsAnyExcept((byte)0))
            throw Damaged($"there is something between its end at byte {headerEnd} and the data at byte {dataStart}");
    }

    /// <summary>The tensors follow each other with nothing but padding between them: else the file, or its counts, are damaged.</summary>
    private void CheckCoverage(long dataStart, uint alignment)
    {
        long end = dataStart;
        foreach (WeightInfo weight in _weights.Values.Where(weight => weight.Bytes > 0).OrderBy(weight => weight.Offset))
        {
            if (weight.Offset < end)
                throw Damaged($"tensor '{weight.Name}' overlaps with the one before it");
            if (weight.Offset != Padded(end, alignment))
                throw Damaged($"{weight.Offset - end} bytes before tensor '{weight.Name}' belong to no tensor");
            end = weight.Offset + weight.Bytes;
        }

        if (_file.Length - end >= alignment)
            throw Damaged($"{_file.Length - end} bytes at the end of the file belong to no tensor");
    }

    private CheckpointException Damaged(string what) => new(_file.Path, $"the GGUF header is damaged: {what}. Download the file again.");
}
