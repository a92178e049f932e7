using System.IO.Compression;

namespace LlmCourse.Data;

/// <summary>
/// What is in a gzip file. .NET's stream takes a file that was cut off for a whole one; so a member of our own is put behind the
/// file, and unless that comes out last, something is missing.
/// </summary>
internal sealed class GzipContent : ReadOnlyStream
{
    private static readonly byte[] Mark = "\0end of the file\0"u8.ToArray();
    private static readonly byte[] PackedMark = Pack(Mark);

    private readonly GZipStream _content;
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _filled;
    private bool _ended;

    public GzipContent(Stream file) => _content = new GZipStream(new Marked(file), CompressionMode.Decompress);

    public override int Read(Span<byte> buffer)
    {
        while (!_ended && _filled - _start <= Mark.Length)
            Fill();
        int count = Math.Min(buffer.Length, _filled - _start - (_ended ? 0 : Mark.Length));
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _content.Dispose();
        base.Dispose(disposing);
    }

    private void Fill()
    {
        _buffer.AsSpan(_start, _filled - _start).CopyTo(_buffer);
        (_start, _filled) = (0, _filled - _start);
        int read = _content.Read(_buffer, _filled, _buffer.Length - _filled);
        _filled += read;
        if (read > 0)
            return;
        _ended = true;
        if (!_buffer.AsSpan(0, _filled).EndsWith(Mark))
            throw new InvalidDataException("the gzip file is cut off, or something else follows it.");
        _filled -= Mark.Length;
    }

    private static byte[] Pack(byte[] content)
    {
        using MemoryStream packed = new();
        using (GZipStream packing = new(packed, CompressionMode.Compress))
            packing.Write(content);
        return packed.ToArray();
    }

    /// <summary>A file, and then the mark.</summary>
    private sealed class Marked(Stream file) : ReadOnlyStream
    {
        private readonly MemoryStream _mark = new(PackedMark);

        public override int Read(byte[] buffer, int offset, int count) =>
            file.Read(buffer, offset, count) is > 0 and var read ? read : _mark.Read(buffer, offset, count);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                file.Dispose();
            base.Dispose(disposing);
        }
    }
}
