using System.IO.Compression;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// A <c>pytorch_model.bin</c> as torch.save writes it since 1.6: a zip archive of a pickle and of the numbers of each storage. The
/// pickle is read by <see cref="PickleReader"/>, which runs nothing.
/// </summary>
internal sealed unsafe class PickleFile : IWeightSource
{
    private const long MaxPickleBytes = 64 << 20;
    private const int MaxEntries = 1 << 20;
    private const int MaxRead = 1 << 30;

    private readonly string _path;
    private readonly long _length;
    private readonly ZipArchive _archive;
    private readonly Lock _gate = new(); // an archive has one position
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PickleView> _views;
    private readonly Dictionary<string, WeightInfo> _weights = new(StringComparer.Ordinal);

    private PickleFile(string path, ZipArchive archive)
    {
        (_path, _length, _archive) = (path, new FileInfo(path).Length, archive);
        if (archive.Entries.Count > MaxEntries)
            throw Damaged($"{archive.Entries.Count} entries are not plausible");
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            // The outer folder has the name that the file was saved under.
            int slash = entry.FullName.IndexOf('/', StringComparison.Ordinal);
            if (!_entries.TryAdd(entry.FullName[(slash + 1)..], entry))
                throw Damaged($"it has '{entry.FullName}' twice");
        }

        if (_entries.ContainsKey("byteorder") && System.Text.Encoding.ASCII.GetString(Read("byteorder", 16)) != "little")
            throw new CheckpointException(path, "its numbers are big-endian, which is not supported.");
        _views = PickleReader.Read(path, Read("data.pkl", MaxPickleBytes));
        foreach ((string name, PickleView view) in _views)
            _weights.Add(name, Check(name, view));
    }

    public IReadOnlyDictionary<string, WeightInfo> Weights => _weights;

    /// <summary>Opens a file of torch.save, an <see cref="OldPickleFile"/> too.</summary>
    public static IWeightSource Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            byte[] head = new byte[64];
            int length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            if (PickleReader.IsOld(head.AsSpan(0, length)))
            {
                stream.Dispose();
                return OldPickleFile.Open(path);
            }

            if (!head.AsSpan(0, length).StartsWith("PK\x03\x04"u8))
                throw new CheckpointException(path, $"this is no file of torch.save.{Hint(head.AsSpan(0, length))}");
            return new PickleFile(path, new ZipArchive(stream, ZipArchiveMode.Read));
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw new CheckpointException(path, $"the file is damaged or cannot be read: {error.Message}", error);
        }
        catch
        {
            stream?.Dispose();
            throw;
        }
    }

    /// <summary>The type of a storage by the name it has in torch; null for other names.</summary>
    public static ScalarType? TypeOf(string storage) => storage switch
    {
        "FloatStorage" => ScalarType.Float32,
        "HalfStorage" => ScalarType.Float16,
        "BFloat16Storage" => ScalarType.BFloat16,
        "DoubleStorage" => ScalarType.Float64,
        "LongStorage" => ScalarType.Int64,
        "IntStorage" => ScalarType.Int32,
        "ShortStorage" => ScalarType.Int16,
        "CharStorage" => ScalarType.Int8,
        "ByteStorage" => ScalarType.Byte,
        "BoolStorage" => ScalarType.Bool,
        _ => null,
    };

    public void CopyTo(string name, Tensor destination)
    {
        WeightInfo weight = this.Find(name, destination);
        if (weight.Bytes == 0)
            return;
        PickleView view = _views[name];
        using var noGrad = no_grad();
        using Tensor numbers = empty([view.Extent()], weight.Type, CPU);
        lock (_gate)
        {
            using Stream stream = Open(_entries[$"data/{view.Storage.Key}"]);
            Skip(stream, weight.Offset);
            byte* at = (byte*)TensorMemory.Pointer(numbers);
            for (long left = numbers.NumberOfElements * TensorMemory.ElementSize(weight.Type); left > 0;)
            {
                int part = (int)Math.Min(left, MaxRead);
                Fill(stream, new Span<byte>(at, part));
                at += part;
                left -= part;
            }
        }

        using Tensor shaped = numbers.as_strided(view.Shape, view.Strides);
        destination.copy_(shaped);
    }

    public void Dispose() => _archive.Dispose();

    /// <summary>Everything a view needs lies in its storage, and that in its entry.</summary>
    private WeightInfo Check(string name, PickleView view)
    {
        (WeightInfo? weight, string? fault) = view.Check(name, 0, _path);
        if (weight is null)
            throw Damaged(fault!);
        if (!_entries.TryGetValue($"data/{view.Storage.Key}", out ZipArchiveEntry? entry))
            throw Damaged($"the numbers of tensor '{name}' are not in the file");
        long size = TensorMemory.ElementSize(weight.Type);
        if (entry.Length / size != view.Storage.Count || entry.Length % size != 0 || entry.CompressedLength != entry.Length || entry.Length > _length)
            throw Damaged($"the storage of tensor '{name}' has {entry.Length} bytes in the place of {view.Storage.Count} numbers");
        return weight;
    }

    private byte[] Read(string name, long limit)
    {
        if (!_entries.TryGetValue(name, out ZipArchiveEntry? entry) || entry.Length > limit || entry.Length > _length)
            throw Damaged($"it has no {name}, or one that is too large");
        byte[] content = new byte[entry.Length];
        using Stream stream = Open(entry);
        Fill(stream, content);
        return content;
    }

    private Stream Open(ZipArchiveEntry entry)
    {
        try
        {
            return entry.Open();
        }
        catch (InvalidDataException error)
        {
            throw Damaged(error.Message);
        }
    }

    private void Skip(Stream stream, long count)
    {
        byte[] buffer = new byte[1 << 16];
        for (long left = count; left > 0;)
        {
            int read = stream.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            left -= read > 0 ? read : throw Damaged("it ends too early");
        }
    }

    private void Fill(Stream stream, Span<byte> destination)
    {
        try
        {
            stream.ReadExactly(destination);
        }
        catch (Exception error) when (error is EndOfStreamException or InvalidDataException)
        {
            throw Damaged("it ends too early");
        }
    }

    private static string Hint(ReadOnlySpan<byte> head) => head.StartsWith("PK"u8) || head.StartsWith(stackalloc byte[] { 0x80, 0x02 })
        ? $" {WeightFolder.ConvertAdvice}" : ForeignFile.Hint(head);

    private CheckpointException Damaged(string what) => new(_path, $"the file is damaged: {what}. Download it again.");
}
