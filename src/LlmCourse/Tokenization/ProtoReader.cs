using System.Buffers.Binary;
using System.Text;
using LlmCourse.Runtime;

namespace LlmCourse.Tokenization;

/// <summary>
/// Reads the fields of a protocol buffer message one after the other. Lengths are compared with what is there; a field of another
/// kind than the reader expects is an error.
/// </summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message, string file)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _file = file;
    private ReadOnlySpan<byte> _rest = message;
    private int _kind;

    /// <summary>The number of the next field; false at the end.</summary>
    public bool Next(out int field)
    {
        field = 0;
        if (_rest.IsEmpty)
            return false;
        ulong key = ReadVarint();
        _kind = (int)(key & 7);
        field = key >> 3 is > 0 and <= int.MaxValue ? (int)(key >> 3) : throw Damaged("a field has no possible number");
        return true;
    }

    /// <summary>The field is a whole number.</summary>
    public long Number()
    {
        Expect(0);
        return (long)ReadVarint();
    }

    public bool Flag() => Number() != 0;

    /// <summary>A number that fits an id.</summary>
    public int Int() => (int)Number(); // negative ones are written with 64 bits

    public float Float()
    {
        Expect(5);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    /// <summary>The field is a message, a text or bytes.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        Expect(2);
        return Take(ReadVarint());
    }

    public string Text()
    {
        try
        {
            return StrictUtf8.GetString(Bytes());
        }
        catch (DecoderFallbackException error)
        {
            throw new TokenizerException($"{_file}: a text in it is not UTF-8.", error);
        }
    }

    /// <summary>The field does not matter.</summary>
    public void Skip()
    {
        switch (_kind)
        {
            case 0:
                ReadVarint();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                Take(ReadVarint());
                break;
            case 5:
                Take(4);
                break;
            default:
                throw Damaged($"a field has the unknown kind {_kind}");
        }
    }

    private readonly void Expect(int kind)
    {
        if (_kind != kind)
            throw Damaged($"a field has kind {_kind} in the place of {kind}");
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = Take(1)[0];
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
                return value;
        }

        throw Damaged("a number has more than ten bytes");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
            throw Damaged($"{count} bytes are promised where {_rest.Length} are left");
        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private readonly TokenizerException Damaged(string what) => new($"{_file}: this is no SentencePiece model, or a damaged one: {what}.");
}
