using ZstdSharp;

namespace LlmCourse.Data;

/// <summary>Opens files of rows, compressed or not.</summary>
internal static class DataFile
{
    /// <summary>Refuses what is not a file.</summary>
    public static void Require(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
            throw new DataException(path, "it is a folder, not a file.");
        if (!File.Exists(path))
            throw new DataException(path, "there is no such file.");
    }

    /// <summary>A file as it stands on the disk.</summary>
    public static FileStream OpenRaw(string path)
    {
        Require(path);
        FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        if (file.CanSeek)
            return file;
        file.Dispose();
        throw new DataException(path, "it is a pipe or a device, which can be read only once: write it to a file first.");
    }

    /// <summary>The content of a file: gzip and Zstandard are known by their first bytes.</summary>
    public static Stream Open(string path)
    {
        FileStream file = OpenRaw(path);
        Span<byte> start = stackalloc byte[24];
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        file.Position = 0;
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            return new GzipContent(file);
        if (start.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]))
            return new DecompressionStream(file, leaveOpen: false);
        if (Foreign(start) is not { } foreign)
            return file;
        file.Dispose();
        throw new DataException(path, foreign);
    }

    private static string? Foreign(ReadOnlySpan<byte> start) =>
        start.StartsWith("PAR1"u8) ? $"it is a Parquet file: read it with {nameof(Examples)}.{nameof(Examples.FromParquet)}."
        : start.StartsWith("PK\x03\x04"u8) ? "it is a zip archive: unpack it first."
        : start.StartsWith("BZh"u8) ? "it is packed with bzip2: unpack it, or pack it with gzip or zstd."
        : start.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z']) ? "it is packed with xz: unpack it, or pack it with gzip or zstd."
        : start.StartsWith("version https://git-lfs"u8) ? "it is a Git LFS pointer, not the file itself: run 'git lfs pull', or download the file."
        : null;
}
