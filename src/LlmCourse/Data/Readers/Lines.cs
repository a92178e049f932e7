using System.Text;

namespace LlmCourse.Data;

/// <summary>
/// The physical lines of a stream, as bytes: separated by a line feed, a carriage return before it left out. Other Unicode line
/// ends (U+2028 in a JSON string) are ordinary characters. A byte order mark is left out.
/// </summary>
internal static class Lines
{
    private const int Longest = 1 << 30;

    /// <summary>Each line, numbered from 1. Its bytes are valid until the next one is asked for.</summary>
    public static IEnumerable<(long Number, ReadOnlyMemory<byte> Bytes)> Of(Stream stream)
    {
        byte[] buffer = new byte[1 << 16];
        int start = 0, searched = 0, filled = 0;
        long number = 1;
        for (bool ended = false; ;)
        {
            int end = buffer.AsSpan(searched, filled - searched).IndexOf((byte)'\n');
            if (end >= 0)
            {
                end += searched;
                yield return (number, Content(buffer.AsMemory(start, end - start), number));
                number++;
                start = searched = end + 1;
                continue;
            }

            if (ended)
                break;
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            (filled, start) = (filled - start, 0);
            searched = filled;
            if (filled == buffer.Length)
            {
                if (filled >= Longest)
                    throw new InvalidDataException($"line {number} is longer than {Longest >> 20} MB.");
                Array.Resize(ref buffer, filled * 2);
            }

            int read = stream.Read(buffer, filled, buffer.Length - filled);
            filled += read;
            ended = read == 0;
        }

        if (filled > start)
            yield return (number, Content(buffer.AsMemory(start, filled - start), number));
    }

    /// <summary>Whether there is nothing but blanks and tabs.</summary>
    public static bool IsBlank(ReadOnlyMemory<byte> line) => line.Span.IndexOfAnyExcept((byte)' ', (byte)'\t', (byte)'\r') < 0;

    private static ReadOnlyMemory<byte> Content(ReadOnlyMemory<byte> line, long number)
    {
        if (number == 1 && line.Span.StartsWith(Encoding.UTF8.Preamble))
            line = line[Encoding.UTF8.Preamble.Length..];
        return line.Span.EndsWith("\r"u8) ? line[..^1] : line;
    }
}
