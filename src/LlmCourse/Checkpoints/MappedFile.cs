using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace LlmCourse.Checkpoints;

/// <summary>
/// A file mapped into memory for reading. The operating system reads pages as they are touched and shares them between
/// processes, so nothing is held twice. The file must not be shortened while it is mapped.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private const int MaxRead = 1 << 30;
    private const int Compared = 1 << 20;

    private readonly SafeFileHandle _handle;
    private readonly MemoryMappedFile? _mapping;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _data;
    private bool _disposed;

    private MappedFile(string path)
    {
        Path = path;
        _handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        Length = RandomAccess.GetLength(_handle);
        if (Length == 0)
            return; // an empty file cannot be mapped
        _mapping = MemoryMappedFile.CreateFromFile(
            _handle, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _data);
        _data += _view.PointerOffset;
    }

    public string Path { get; }

    public long Length { get; }

    /// <summary>The first byte; null where the file is empty.</summary>
    public byte* Data
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _data;
        }
    }

    public static MappedFile Open(string path)
    {
        try
        {
            return new MappedFile(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, "there is no such file.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"the file cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Up to <paramref name="count"/> bytes from the start, to recognise a file by.</summary>
    public ReadOnlySpan<byte> Head(int count) => new(Data, (int)Math.Min(count, Length));

    /// <summary>Whether as many bytes are the same at two places.</summary>
    public bool AreEqual(long offset, long other, long count)
    {
        for (long at = 0; at < count; at += Compared)
        {
            int length = (int)Math.Min(Compared, count - at);
            if (!new ReadOnlySpan<byte>(Data + offset + at, length).SequenceEqual(new ReadOnlySpan<byte>(Data + other + at, length)))
                return false;
        }

        return true;
    }

    /// <summary>
    /// Copies bytes out of the file. For one large pass this is about twice as fast as reading the mapping, which costs
    /// a page fault for every few pages.
    /// </summary>
    public void CopyTo(long offset, byte* destination, long count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        while (count > 0)
        {
            int read = RandomAccess.Read(_handle, new Span<byte>(destination, (int)Math.Min(count, MaxRead)), offset);
            if (read == 0)
                throw new CheckpointException(Path, $"the file was cut short while it was read: it had {Length} bytes.");
            offset += read;
            destination += read;
            count -= read;
        }
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _mapping?.Dispose();
        _handle.Dispose();
    }
}
