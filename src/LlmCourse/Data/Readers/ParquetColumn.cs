using System.Globalization;
using Parquet.Data;
using Parquet.Schema;

namespace LlmCourse.Data;

/// <summary>
/// A column of a row group with a cursor. An entry is a value or says, by its definition level, which of the things around it
/// is null or empty; its repetition level says which list it goes on with (Melnik et al., "Dremel", 2010).
/// </summary>
internal sealed class ParquetColumn : IDisposable
{
    private readonly RawColumnData _data;
    private readonly Func<int, object?> _value;
    private readonly int _deepest;
    private readonly bool _repeats;
    private readonly int _entries;
    private int _entry;
    private int _next;

    public ParquetColumn(DataField field, RawColumnData data, int entries)
    {
        _data = data;
        _value = Values(field, data);
        _deepest = field.MaxDefinitionLevel;
        _repeats = field.MaxRepetitionLevel > 0;
        _entries = entries;
    }

    /// <summary>Whether all entries have been taken.</summary>
    public bool AtEnd => _entry == _entries;

    /// <summary>How much of the path to the value at hand there is.</summary>
    public int Definition => AtEnd ? throw new InvalidDataException("a column has fewer values than there are rows.")
        : _deepest == 0 ? 0 : _data.DefinitionLevels[_entry];

    /// <summary>Which list the entry at hand goes on with; 0 begins a row.</summary>
    public int Repetition => AtEnd || !_repeats ? 0 : _data.RepetitionLevels[_entry];

    /// <summary>The value at hand, null where there is none, and the cursor moves on.</summary>
    public object? Take()
    {
        bool isThere = Definition == _deepest;
        _entry++;
        return isThere ? _value(_next++) : null;
    }

    public void Dispose() => _data.Dispose();

    private static Func<int, object?> Values(DataField field, RawColumnData data) => data switch
    {
        RawColumnData<ReadOnlyMemory<char>> texts => at => texts.Values[at].ToString(),
        RawColumnData<bool> truths => at => truths.Values[at],
        RawColumnData<sbyte> numbers => at => (long)numbers.Values[at],
        RawColumnData<byte> numbers => at => (long)numbers.Values[at],
        RawColumnData<short> numbers => at => (long)numbers.Values[at],
        RawColumnData<ushort> numbers => at => (long)numbers.Values[at],
        RawColumnData<int> numbers => at => (long)numbers.Values[at],
        RawColumnData<uint> numbers => at => (long)numbers.Values[at],
        RawColumnData<long> numbers => at => numbers.Values[at],
        RawColumnData<ulong> numbers => at => numbers.Values[at] <= long.MaxValue ? (long)numbers.Values[at] : (decimal)numbers.Values[at],
        RawColumnData<float> numbers => at => (double)numbers.Values[at],
        RawColumnData<double> numbers => at => numbers.Values[at],
        RawColumnData<decimal> numbers => at => numbers.Values[at],
        RawColumnData<DateTime> times => at => times.Values[at],
        RawColumnData<ReadOnlyMemory<byte>> bytes => at => bytes.Values[at].ToArray(),
        RawColumnData<Guid> ids => at => ids.Values[at].ToString("D", CultureInfo.InvariantCulture),
        _ => throw new NotSupportedException($"the column \"{field.Path}\" has the type {field.ClrType.Name}, which is not supported."),
    };
}
