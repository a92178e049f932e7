using System.Text;
using System.Text.Json;

namespace LlmCourse.Data;

/// <summary>
/// JSON in one piece: an array of objects, or an object whose property <c>data</c> is one. Only the element at hand is in memory.
/// A syntax error ends the reading: what follows it cannot be told apart.
/// </summary>
internal sealed class JsonRows
{
    private const string Property = "data";
    private const int Longest = 1 << 30;

    private readonly string _path;
    private readonly Stream _stream;
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _filled;
    private bool _ended;
    private JsonReaderState _state;
    private JsonTokenType _token;
    private long _line = 1;
    private string? _name;

    private JsonRows(string path, Stream stream) => (_path, _stream) = (path, stream);

    private delegate bool Step(ref Utf8JsonReader reader);

    private ReadOnlySpan<byte> Content => _buffer.AsSpan(_start, _filled - _start);

    public static IEnumerable<DataRow> Read(string path)
    {
        using Stream stream = DataFile.Open(path);
        JsonRows rows = new(path, stream);
        rows.Enter();
        while (rows.Next() is { } row)
            yield return row;
        rows.Leave();
    }

    private void Enter()
    {
        Fill();
        if (Content.StartsWith(Encoding.UTF8.Preamble))
            Drop(Encoding.UTF8.Preamble.Length);
        if (_ended && Content.IsEmpty)
            throw new DataException(_path, "it is empty.");
        Do(Token);
        if (_token == JsonTokenType.StartObject)
        {
            do
            {
                Do(Token);
                if (_token == JsonTokenType.EndObject)
                    throw new DataException(_path, $"it is one object without an array \"{Property}\". Rows that stand one on each line are read with {nameof(Examples)}.{nameof(Examples.FromJsonLines)}.");
                if (_name != Property)
                    Do(static (ref Utf8JsonReader reader) => reader.TrySkip());
            }
            while (_name != Property);
            Do(Token);
        }

        if (_token != JsonTokenType.StartArray)
            throw new DataException(_path, _line, "it is not an array of objects.");
    }

    private DataRow? Next()
    {
        DataRow? row = null;
        Do((ref Utf8JsonReader reader) =>
        {
            if (!reader.Read() || reader.TokenType == JsonTokenType.EndArray)
                return reader.TokenType == JsonTokenType.EndArray;
            long line = _line + Content[..(int)reader.TokenStartIndex].Count((byte)'\n');
            if (!JsonDocument.TryParseValue(ref reader, out JsonDocument? document))
                return false;
            using (document)
                row = JsonValues.Row(line, document.RootElement);
            return true;
        });
        return row;
    }

    /// <summary>What follows the array must be JSON too.</summary>
    private void Leave()
    {
        bool more = true;
        while (more)
            Do((ref Utf8JsonReader reader) => (more = reader.Read()) || reader.IsFinalBlock);
    }

    private bool Token(ref Utf8JsonReader reader)
    {
        bool read = reader.Read();
        (_token, _name) = (reader.TokenType, reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(Property) ? Property : null);
        return read;
    }

    /// <summary>Does a step as soon as there is enough in the buffer for it, and leaves behind what it has read.</summary>
    private void Do(Step step)
    {
        while (true)
        {
            Utf8JsonReader reader = new(Content, _ended, _state);
            if (step(ref reader))
            {
                _state = reader.CurrentState;
                Drop((int)reader.BytesConsumed);
                return;
            }

            if (_ended)
                throw new DataException(_path, _line, "it ends in the middle.");
            Fill();
        }
    }

    private void Fill()
    {
        Content.CopyTo(_buffer);
        (_filled, _start) = (_filled - _start, 0);
        if (_filled == _buffer.Length)
        {
            if (_filled >= Longest)
                throw new InvalidDataException($"the element that begins on line {_line} is longer than {Longest >> 20} MB.");
            Array.Resize(ref _buffer, _filled * 2);
        }

        int read = _stream.ReadAtLeast(_buffer.AsSpan(_filled), _buffer.Length - _filled, throwOnEndOfStream: false);
        _ended = read < _buffer.Length - _filled;
        _filled += read;
    }

    private void Drop(int count)
    {
        _line += Content[..count].Count((byte)'\n');
        _start += count;
    }
}
