using System.Runtime.CompilerServices;
using System.Text;

namespace LlmCourse.Checkpoints;

/// <summary>
/// Reads the numbers, strings and metadata values of a GGUF header one after the other. Every length is compared with
/// what is left of the file before anything is made of it.
/// </summary>
internal sealed unsafe class GgufReader(MappedFile file)
{
    /// <summary>Arrays of arrays exist in the format; more levels than this only in damaged files.</summary>
    private const int MaxNesting = 4;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public long Position { get; private set; }

    public T Number<T>()
        where T : unmanaged => Unsafe.ReadUnaligned<T>(Take((ulong)sizeof(T)));

    /// <summary>A count of things that need at least <paramref name="smallest"/> bytes each.</summary>
    public int Count(int smallest, string what)
    {
        ulong count = Number<ulong>();
        return count <= (ulong)(file.Length - Position) / (ulong)smallest && count <= int.MaxValue
            ? (int)count
            : throw Damaged($"the file cannot hold {count} {what}");
    }

    public string Text()
    {
        ulong length = Number<ulong>();
        long start = Position;
        byte* bytes = Take(length);
        if (length > int.MaxValue)
            throw Damaged($"a string of {length} bytes at byte {start} is not plausible");
        try
        {
            return StrictUtf8.GetString(bytes, (int)length);
        }
        catch (DecoderFallbackException error)
        {
            throw new CheckpointException(file.Path, $"the string at byte {start} is not UTF-8.", error);
        }
    }

    /// <summary>A metadata value: a number, bool or string, or an array of them (<c>uint[]</c>, <c>string[]</c>, …; <c>object[]</c> of arrays).</summary>
    public object Value(string key) => Value(Number<uint>(), key, 0);

    private object Value(uint type, string key, int nesting) => type switch
    {
        0 => Number<byte>(),
        1 => Number<sbyte>(),
        2 => Number<ushort>(),
        3 => Number<short>(),
        4 => Number<uint>(),
        5 => Number<int>(),
        6 => Number<float>(),
        7 => Bool(),
        8 => Text(),
        9 when nesting < MaxNesting => Array(key, nesting),
        9 => throw Damaged($"metadata '{key}' has arrays nested deeper than {MaxNesting}"),
        10 => Number<ulong>(),
        11 => Number<long>(),
        12 => Number<double>(),
        _ => throw Damaged($"metadata '{key}' has the unknown value type {type}"),
    };

    private Array Array(string key, int nesting)
    {
        uint type = Number<uint>();
        return type switch
        {
            0 => Numbers<byte>(key),
            1 => Numbers<sbyte>(key),
            2 => Numbers<ushort>(key),
            3 => Numbers<short>(key),
            4 => Numbers<uint>(key),
            5 => Numbers<int>(key),
            6 => Numbers<float>(key),
            7 => Many(key, 1, Bool),
            8 => Many(key, sizeof(ulong), Text),
            9 => Many(key, sizeof(uint) + sizeof(ulong), () => Value(9, key, nesting + 1)),
            10 => Numbers<ulong>(key),
            11 => Numbers<long>(key),
            12 => Numbers<double>(key),
            _ => throw Damaged($"metadata '{key}' is an array of the unknown value type {type}"),
        };
    }

    private T[] Numbers<T>(string key)
        where T : unmanaged
    {
        int count = Count(sizeof(T), $"elements of '{key}'");
        return new ReadOnlySpan<T>(Take((ulong)count * (ulong)sizeof(T)), count).ToArray();
    }

    private T[] Many<T>(string key, int smallest, Func<T> read)
    {
        T[] items = new T[Count(smallest, $"elements of '{key}'")];
        for (int i = 0; i < items.Length; i++)
            items[i] = read();
        return items;
    }

    private bool Bool() => Number<byte>() switch
    {
        0 => false,
        1 => true,
        byte other => throw Damaged($"a bool at byte {Position - 1} has the value {other}"),
    };

    private byte* Take(ulong count)
    {
        if (count > (ulong)(file.Length - Position))
            throw Damaged($"it ends at byte {file.Length}, inside something {count} bytes long that begins at byte {Position}");
        byte* at = file.Data + Position;
        Position += (long)count;
        return at;
    }

    private CheckpointException Damaged(string what) => new(file.Path, $"the GGUF file is damaged or cut short: {what}. Download it again.");
}
