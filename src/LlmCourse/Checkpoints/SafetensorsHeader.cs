using System.Text.Json;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>The parsed header of a safetensors file: what is where, and that the data are covered once and without gaps.</summary>
internal sealed class SafetensorsHeader
{
    /// <summary>More dimensions than any tensor has that libtorch can work with.</summary>
    private const int MaxDimensions = 64;

    private readonly Dictionary<string, WeightInfo> _weights = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly string _path;

    private SafetensorsHeader(string path) => _path = path;

    public IReadOnlyDictionary<string, WeightInfo> Weights => _weights;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <param name="json">The header's text.</param>
    /// <param name="dataStart">Where the data begin in the file.</param>
    /// <param name="dataLength">How many bytes of data the file has.</param>
    /// <param name="path">The file, for errors.</param>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataStart, long dataLength, string path)
    {
        SafetensorsHeader header = new(path);
        try
        {
            header.Read(json, dataStart, dataLength);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The reader reports text that is not UTF-8, and values of another kind than expected, as an invalid operation.
            throw new CheckpointException(path, $"the header is damaged: {error.Message}", error);
        }

        header.CheckCoverage(dataStart, dataLength);
        return header;
    }

    private void Read(ReadOnlySpan<byte> json, long dataStart, long dataLength)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 8 });
        bool hasMetadata = false;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Damaged($"'{name}' is no object");
            if (name != "__metadata__")
                Add(ReadEntry(ref reader, name, dataStart, dataLength));
            else if (hasMetadata)
                throw Damaged("__metadata__ is there twice");
            else
                hasMetadata = ReadMetadata(ref reader);
        }

        reader.Read(); // what follows the object must be blank: the reader throws on anything else
    }

    private void Add(WeightInfo weight)
    {
        if (!_weights.TryAdd(weight.Name, weight))
            throw Damaged($"tensor '{weight.Name}' is there twice");
    }

    private bool ReadMetadata(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Damaged($"__metadata__ '{key}' is no string");
            _metadata[key] = reader.GetString()!;
        }

        return true;
    }

    private WeightInfo ReadEntry(ref Utf8JsonReader reader, string name, long dataStart, long dataLength)
    {
        string? storage = null;
        long[]? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype" when storage is null:
                    storage = reader.GetString() ?? throw Damaged($"tensor '{name}' has no dtype");
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref reader, name, key, MaxDimensions);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref reader, name, key, limit: 2);
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw Damaged($"tensor '{name}' has {key} twice");
                default:
                    reader.Skip();
                    break;
            }
        }

        if (storage is null || shape is null || offsets is not { Length: 2 })
            throw Damaged($"tensor '{name}' needs dtype, shape and two data_offsets");
        return Check(name, storage, shape, offsets[0], offsets[1], dataStart, dataLength);
    }

    private WeightInfo Check(string name, string storage, long[] shape, long begin, long end, long dataStart, long dataLength)
    {
        ScalarType type = SafetensorsType.Parse(storage)
            ?? throw new CheckpointException(_path, $"tensor '{name}' has dtype {storage}; supported are {SafetensorsType.Supported}.");
        if (begin > end || end > dataLength)
            throw Damaged($"tensor '{name}' lies at [{begin}, {end}), outside the file's {dataLength} bytes of data");
        long size = TensorMemory.ElementSize(type);
        if (!WeightInfo.TryCount(shape, out long elements) || elements > long.MaxValue / size || elements * size != end - begin)
            throw Damaged($"tensor '{name}' of shape [{string.Join(", ", shape)}] and dtype {storage} does not fill its {end - begin} bytes");
        return new WeightInfo(name, storage, type, shape, end - begin, dataStart + begin, _path);
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string name, string key, int limit)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Damaged($"tensor '{name}' has {key} that is no array");
        List<long> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw Damaged($"tensor '{name}' has something in {key} that is no whole number of 0 or more");
            if (numbers.Count == limit)
                throw Damaged($"tensor '{name}' has more than {limit} numbers in {key}");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    /// <summary>Every byte of the data belongs to one tensor: a gap could hide something, an overlap means a damaged file.</summary>
    private void CheckCoverage(long dataStart, long dataLength)
    {
        long position = dataStart;
        foreach (WeightInfo weight in _weights.Values.OrderBy(weight => weight.Offset).ThenBy(weight => weight.Bytes))
        {
            if (weight.Offset != position)
            {
                throw Damaged(
                    $"tensor '{weight.Name}' begins at {weight.Offset - dataStart}, but the data before it end at {position - dataStart}");
            }

            position += weight.Bytes;
        }

        if (position != dataStart + dataLength)
            throw Damaged($"{dataStart + dataLength - position} bytes at the end of the file belong to no tensor");
    }

    private CheckpointException Damaged(string what) => new(_path, $"the header is damaged: {what}. Download or write the file again.");
}
