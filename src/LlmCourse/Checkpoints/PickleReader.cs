using System.Buffers.Binary;
using System.Text;

namespace LlmCourse.Checkpoints;

/// <summary>
/// Reads the pickle of a state dict and runs nothing. A pickle is a program for a stack machine, and what makes it dangerous is that
/// it may call any function by name; here the names are a short list of words that stand for tensors and dictionaries, which this
/// reader makes itself. Any other name, and any instruction that such a file does not need, is refused.
/// </summary>
internal sealed class PickleReader
{
    private const int MaxDepth = 64;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly object Mark = new();

    // What files from before PyTorch 1.6 begin with: the pickles of a magic number and of the version 1001.
    private static readonly byte[] OldBeginning =
        [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.', 0x80, 2, (byte)'M', 0xe9, 0x03, (byte)'.'];

    private readonly string _path;
    private readonly byte[] _code;
    private readonly List<object?> _stack = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private readonly Dictionary<string, PickleStorage> _storages = new(StringComparer.Ordinal);
    private bool _hasLists;
    private int _at;

    private PickleReader(string path, byte[] code) => (_path, _code) = (path, code);

    /// <summary>A name that the pickle may use.</summary>
    internal sealed record Global(string Name);

    /// <summary>The pickles of a file from before PyTorch 1.6: the tensors, their storages in the order of the file, and where the first begins.</summary>
    internal sealed record OldPickles(Dictionary<string, PickleView> Tensors, IReadOnlyList<PickleStorage> Storages, int End);

    /// <summary>The tensors of a state dict by name.</summary>
    public static Dictionary<string, PickleView> Read(string path, byte[] code) => new PickleReader(path, code).Tensors();

    /// <summary>Whether a file begins as those from before PyTorch 1.6 do.</summary>
    public static bool IsOld(ReadOnlySpan<byte> head) => head.StartsWith(OldBeginning);

    /// <summary>Reads what stands before the storages in a file from before PyTorch 1.6: the machine, the state dict, the keys of the storages.</summary>
    public static OldPickles ReadOld(string path, byte[] code)
    {
        PickleReader reader = new(path, code) { _at = OldBeginning.Length };
        if (reader.Run() is not Dictionary<object, object?> machine || machine.GetValueOrDefault("little_endian") is not true)
            throw new CheckpointException(path, "its numbers are big-endian, which is not supported, or its pickle is damaged.");
        reader._memo.Clear();
        Dictionary<string, PickleView> tensors = reader.Tensors();
        reader._memo.Clear();
        reader._hasLists = true;
        if (reader.Run() is not List<object?> keys)
            throw reader.Damaged("its storages are not listed");
        return new OldPickles(tensors, [.. keys.Select(key => reader._storages.GetValueOrDefault(key as string ?? "") ?? throw reader.Damaged("it lists a storage of nothing"))], reader._at);
    }

    private Dictionary<string, PickleView> Tensors()
    {
        Dictionary<string, PickleView> tensors = new(StringComparer.Ordinal);
        foreach ((object name, object? value) in Run() as Dictionary<object, object?> ?? throw Damaged("it is not a dictionary of tensors"))
        {
            if (name is not string text || value is not PickleView view)
                throw new CheckpointException(_path, $"its entry '{name}' is no tensor. Only plain state dicts are read.");
            tensors.Add(text, view);
        }

        return tensors;
    }

    private object? Run()
    {
        while (true)
        {
            byte instruction = Take(1)[0];
            switch ((char)instruction)
            {
                case '\x80': // protocol
                    if (Take(1)[0] is < 2 or > 5)
                        throw Damaged("it has an unknown protocol");
                    break;
                case '\x95': // a frame, which says nothing new
                    Take(8);
                    break;
                case '.':
                    return Pop();
                case '(':
                    _stack.Add(Mark);
                    break;
                case 'N':
                    _stack.Add(null);
                    break;
                case '\x88' or '\x89':
                    _stack.Add(instruction == 0x88);
                    break;
                case 'K':
                    _stack.Add((long)Take(1)[0]);
                    break;
                case 'M':
                    _stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                    break;
                case 'J':
                    _stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                    break;
                case '\x8a':
                    _stack.Add(Long(Take(Take(1)[0])));
                    break;
                case 'G':
                    _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                    break;
                case 'X':
                    _stack.Add(Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))));
                    break;
                case '\x8c':
                    _stack.Add(Text(Take(Take(1)[0])));
                    break;
                case 'q':
                    _memo[Take(1)[0]] = Peek();
                    break;
                case 'r':
                    _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek();
                    break;
                case '\x94':
                    _memo[(uint)_memo.Count] = Peek();
                    break;
                case 'h':
                    _stack.Add(Recall(Take(1)[0]));
                    break;
                case 'j':
                    _stack.Add(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                    break;
                case ')':
                    _stack.Add(Array.Empty<object?>());
                    break;
                case 't':
                    _stack.Add(PopToMark());
                    break;
                case '\x85' or '\x86' or '\x87':
                    _stack.Add(Pop(instruction - 0x84));
                    break;
                case '}':
                    _stack.Add(new Dictionary<object, object?>());
                    break;
                case ']' when _hasLists:
                    _stack.Add(new List<object?>());
                    break;
                case 'a' when _hasLists:
                    Append(Pop(1));
                    break;
                case 'e' when _hasLists:
                    Append(PopToMark());
                    break;
                case 's':
                    Set(Pop(2));
                    break;
                case 'u':
                    Set(PopToMark());
                    break;
                case 'c':
                    _stack.Add(Allowed(Line(), Line()));
                    break;
                case '\x93':
                    object?[] names = Pop(2);
                    _stack.Add(names is [string module, string name] ? Allowed(module, name) : throw Damaged("a name is no text"));
                    break;
                case 'Q':
                    // Old files can say of which storage one is a part: none of a saved model is.
                    _stack.Add(Pop() is object?[] and ["storage", Global type, string key, _, long count, .. [] or [null]] && count >= 0
                        ? _storages[key] = new PickleStorage(type.Name, key, count) : throw Damaged("a storage is described in an unknown way"));
                    break;
                case 'R':
                    _stack.Add(Make(Pop(2)));
                    break;
                case 'b': // an ordered dictionary's attributes: versions of modules
                    Pop();
                    if (Peek() is not Dictionary<object, object?>)
                        throw Damaged("it sets attributes of something that has none");
                    break;
                default:
                    throw Refused($"the instruction 0x{instruction:x2}");
            }
        }
    }

    private Global Allowed(string module, string name) => (module, name) switch
    {
        ("collections", "OrderedDict") or ("torch._utils", "_rebuild_tensor_v2" or "_rebuild_parameter") => new Global(name),
        ("torch", _) when PickleFile.TypeOf(name) is not null => new Global(name),
        _ => throw Refused($"the name {module}.{name}"),
    };

    /// <summary>The calls that a state dict consists of.</summary>
    private object? Make(object?[] call) => call switch
    {
        [Global { Name: "OrderedDict" }, object?[] { Length: 0 }] => new Dictionary<object, object?>(),
        [Global { Name: "_rebuild_parameter" }, object?[] and [PickleView tensor, ..]] => tensor,
        [Global { Name: "_rebuild_tensor_v2" }, object?[] and [PickleStorage storage, long offset, object?[] shape, object?[] strides, ..]]
            when shape.Length == strides.Length && shape.Length <= MaxDepth => new PickleView(storage, offset, Numbers(shape), Numbers(strides)),
        _ => throw Damaged("it makes something in an unknown way"),
    };

    private long[] Numbers(object?[] items) => [.. items.Select(item => item is long number and >= 0 ? number : throw Damaged("a size is no number"))];

    private void Set(object?[] pairs)
    {
        if (Peek() is not Dictionary<object, object?> dictionary || pairs.Length % 2 != 0)
            throw Damaged("it puts something into no dictionary");
        for (int i = 0; i < pairs.Length; i += 2)
            dictionary[pairs[i] as string ?? throw Damaged("a key is no text")] = pairs[i + 1];
    }

    private void Append(object?[] items) => (Peek() as List<object?> ?? throw Damaged("it adds to no list")).AddRange(items);

    private object? Pop() => Pop(1)[0];

    private object?[] Pop(int count)
    {
        if (_stack.Count < count || _stack.GetRange(_stack.Count - count, count).Contains(Mark))
            throw Damaged("it takes what is not there");
        object?[] items = [.. _stack.GetRange(_stack.Count - count, count)];
        _stack.RemoveRange(_stack.Count - count, count);
        return items;
    }

    private object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(Mark);
        if (mark < 0)
            throw Damaged("it takes what is not there");
        object?[] items = [.. _stack.GetRange(mark + 1, _stack.Count - mark - 1)];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return items;
    }

    private object? Peek() => _stack.Count > 0 ? _stack[^1] : throw Damaged("it looks at what is not there");

    private object? Recall(uint number) => _memo.TryGetValue(number, out object? value) ? value : throw Damaged("it recalls what is not there");

    private long Long(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > sizeof(long))
            throw Damaged("a number is too large");
        long value = bytes.Length > 0 && bytes[^1] >= 128 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
            value = (value << 8) | bytes[i];
        return value;
    }

    private string Line()
    {
        int length = _code.AsSpan(_at).IndexOf((byte)'\n');
        string line = Text(Take((uint)(length < 0 ? throw Damaged("a name does not end") : length)));
        _at++;
        return line;
    }

    private string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Damaged("a text is not UTF-8");
        }
    }

    private ReadOnlySpan<byte> Take(uint count)
    {
        if (count > _code.Length - _at)
            throw Damaged("it ends too early");
        ReadOnlySpan<byte> taken = _code.AsSpan(_at, (int)count);
        _at += (int)count;
        return taken;
    }

    private CheckpointException Damaged(string what) => new(_path, $"its pickle is damaged or no state dict: {what}.");

    private CheckpointException Refused(string what) => new(
        _path, $"its pickle holds {what}, which is not run: only plain state dicts are read. {WeightFolder.ConvertAdvice}");
}
