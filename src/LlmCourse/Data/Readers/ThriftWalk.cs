namespace LlmCourse.Data;

/// <summary>
/// Walks over a Thrift structure before Parquet.Net reads it. That reader believes every length, and where the bytes end too
/// early it never comes back; so what does not fit <see cref="ThriftLayout"/>, to the last byte, never reaches it.
/// </summary>
internal ref struct ThriftWalk(ReadOnlySpan<byte> bytes, Action<string, int, long> number)
{
    private const int Deepest = 16;
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    /// <summary>How many bytes the structure takes. Its whole numbers have been told, and each structure's end as field 0.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such structure.</exception>
    public static int Over(string structure, ReadOnlySpan<byte> bytes, Action<string, int, long> number)
    {
        ThriftWalk walk = new(bytes, number);
        walk.Structure(structure, 0);
        return walk._at;
    }

    private void Structure(string name, int depth)
    {
        if (depth > Deepest)
            throw Damaged();
        int field = 0;
        for (byte header = Byte(); header != 0; header = Byte())
        {
            field = header >> 4 == 0 ? (int)ZigZag() : field + (header >> 4);
            string type = ThriftLayout.Field(name, field) ?? Unknown(header & 15);
            switch (header & 15)
            {
                case 1 or 2 when type == "t":
                    break;
                case 4 or 5 or 6 when type == "i":
                    number(name, field, ZigZag());
                    break;
                case 9 when type[0] == '[':
                    List(type[1..^1], depth);
                    break;
                case 12 when char.IsUpper(type[0]):
                    Structure(type, depth + 1);
                    break;
                case var plain:
                    Plain(plain, type);
                    break;
            }
        }

        number(name, 0, 0);
    }

    private void List(string type, int depth)
    {
        byte header = Byte();
        ulong count = header >> 4 == 15 ? Varint() : (ulong)(header >> 4);
        if (count > (ulong)(_bytes.Length - _at)) // the smallest element takes a byte
            throw Damaged();
        for (; count > 0; count--)
        {
            switch (header & 15)
            {
                case 4 or 5 or 6 when type == "i":
                    ZigZag();
                    break;
                case 12 when char.IsUpper(type[0]):
                    Structure(type, depth + 1);
                    break;
                case var plain:
                    Plain(plain, type);
                    break;
            }
        }
    }

    private void Plain(int kind, string type) => Skip((kind, type) switch
    {
        (3, "y") => 1,
        (7, "d") => 8,
        (8, "b") => Varint(),
        _ => throw Damaged(),
    });

    /// <summary>A field of a later edition of the format may be skipped where Parquet.Net skips it as well.</summary>
    private static string Unknown(int kind) => kind switch
    {
        1 or 2 => "t",
        3 => "y",
        4 or 5 or 6 => "i",
        7 => "d",
        8 => "b",
        _ => throw Damaged(),
    };

    private void Skip(ulong count)
    {
        if (count > (ulong)(_bytes.Length - _at))
            throw Damaged();
        _at += (int)count;
    }

    private byte Byte() => _at < _bytes.Length ? _bytes[_at++] : throw Damaged();

    private long ZigZag()
    {
        ulong value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw Damaged();
    }

    private static InvalidDataException Damaged() => new("its metadata are damaged.");
}
