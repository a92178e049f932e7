using System.Buffers.Binary;
using Parquet.Meta;

namespace LlmCourse.Data;

/// <summary>What is checked of a Parquet file before Parquet.Net allocates by its numbers.</summary>
internal static class ParquetGuard
{
    private const int DeepestSchema = 32;
    private const int UsualHeader = 1 << 10;
    private const int LongestHeader = 1 << 20;

    /// <summary>Checks the footer, schema and all.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or no Parquet file.</exception>
    public static void CheckFooter(Stream file)
    {
        Span<byte> ends = stackalloc byte[12];
        if (file.Length < ends.Length)
            throw new InvalidDataException("it is no Parquet file.");
        file.Position = 0;
        file.ReadExactly(ends[..4]);
        file.Position = file.Length - 8;
        file.ReadExactly(ends[4..]);
        if (!ends[..4].SequenceEqual("PAR1"u8) || !ends[8..].SequenceEqual("PAR1"u8))
            throw new InvalidDataException(ends[8..].SequenceEqual("PARE"u8) ? "it is encrypted." : "it is no Parquet file.");
        int length = BinaryPrimitives.ReadInt32LittleEndian(ends[4..]);
        if (length <= 0 || length > file.Length - 12)
            throw new InvalidDataException("its metadata are damaged.");
        byte[] footer = new byte[length];
        file.Position = file.Length - 8 - length;
        file.ReadExactly(footer);

        List<long> children = [];
        long current = 0;
        ThriftWalk.Over("File", footer, (name, field, value) =>
        {
            if (name == "Schema" && field == 5)
                current = value;
            else if (name == "Schema" && field == 0)
            {
                children.Add(current);
                current = 0;
            }
        });
        int at = 0;
        CheckSchema(children, ref at, 0);
        if (at != children.Count)
            throw new InvalidDataException("its schema is damaged.");
    }

    /// <summary>Walks over the pages of a column: their sizes lie in the file, and their values add up.</summary>
    /// <exception cref="InvalidDataException">They do not.</exception>
    public static void CheckPages(Stream file, ColumnMetaData column)
    {
        long at = new[] { column.DictionaryPageOffset ?? 0, column.DataPageOffset, column.IndexPageOffset ?? 0 }.Where(offset => offset != 0).DefaultIfEmpty().Min();
        // A page may say the same thing a million times in a few bytes, but no writer makes pages of more rows than this.
        Require(at > 0 && column.NumValues >= 0 && column.NumValues <= (1L << 20) + (1000 * Math.Max(0, column.TotalCompressedSize)), column);
        Require(column.TotalCompressedSize <= file.Length, column);
        for (long values = 0; values < column.NumValues;)
        {
            Require(at < file.Length, column);
            long type = -1, unpacked = -1, packed = -1, count = -1, encoding = 0, dictionary = 0, levels = 0, repetitions = 0;
            at += WalkHeader(file, at, (name, field, value) =>
            {
                switch (name, field)
                {
                    case ("Page", 1): type = value; break;
                    case ("Page", 2): unpacked = value; break;
                    case ("Page", 3): packed = value; break;
                    case ("DataPage", 1) when type == 0: count = value; break;
                    case ("DataPage2", 1) when type == 3: count = value; break;
                    case ("DataPage", 2) or ("DataPage2", 4): encoding = value; break;
                    case ("DataPage2", 5): levels = value; break;
                    case ("DataPage2", 6): repetitions = value; break;
                    case ("DictionaryPage", 1): dictionary = value; break;
                }
            });
            bool isDictionary = type == 2;
            Require(packed >= 0 && packed <= file.Length - at, column);
            Require(unpacked >= 0 && unpacked <= (16L << 20) + (1032 * packed), column); // the most that deflate packs
            Require(levels >= 0 && repetitions >= 0 && levels + repetitions <= packed && dictionary >= 0 && dictionary <= unpacked + 1, column);
            Require(isDictionary ? count == -1 : type is 0 or 3 && count > 0 && count <= column.NumValues - values, column);
            if (column.Codec == CompressionCodec.SNAPPY && packed > 0 && type != 3)
                Require(SnappyLength(file, at) == unpacked, column);
            if (repetitions > 0 || (Encoding)encoding is Encoding.RLE or Encoding.DELTA_BYTE_ARRAY) // Parquet.Net 6.1 gives up on the first and gets the others wrong
                throw new NotSupportedException($"the column \"{string.Join('.', column.PathInSchema)}\" has {(repetitions > 0 ? "lists in pages of version 2" : $"values encoded as {(Encoding)encoding}")}, which is not supported: write the file again with pages of version 1 and the writer's usual encodings.");
            values += Math.Max(0, count);
            at += packed;
        }
    }

    /// <summary>A header is short, unless it has long texts for statistics.</summary>
    private static int WalkHeader(Stream file, long at, Action<string, int, long> number)
    {
        foreach (int length in (int[])[UsualHeader, LongestHeader])
        {
            byte[] header = new byte[(int)Math.Min(length, file.Length - at)];
            file.Position = at;
            file.ReadExactly(header);
            try
            {
                return ThriftWalk.Over("Page", header, number);
            }
            catch (InvalidDataException) when (length == UsualHeader && header.Length == UsualHeader)
            {
            }
        }

        throw new InvalidDataException("the header of a page is damaged.");
    }

    private static void CheckSchema(List<long> children, ref int at, int depth)
    {
        if (depth > DeepestSchema)
            throw new InvalidDataException($"its schema is deeper than {DeepestSchema} levels.");
        if (at >= children.Count || children[at] < 0)
            throw new InvalidDataException("its schema is damaged.");
        for (long left = children[at++]; left > 0; left--)
            CheckSchema(children, ref at, depth + 1);
    }

    /// <summary>What Snappy says the unpacked length is: a varint in front.</summary>
    private static long SnappyLength(Stream file, long at)
    {
        file.Position = at;
        long length = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            int next = file.ReadByte();
            length |= (long)(next & 0x7F) << shift;
            if (next < 0x80)
                return length;
        }

        return -1;
    }

    private static void Require(bool holds, ColumnMetaData column)
    {
        if (!holds)
            throw new InvalidDataException($"the column \"{string.Join('.', column.PathInSchema)}\" is damaged.");
    }
}
