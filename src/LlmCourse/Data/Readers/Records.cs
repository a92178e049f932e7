using System.Collections;
using System.Text.Json;

namespace LlmCourse.Data;

/// <summary>
/// The rows of a file. They are read while they are enumerated and never all in memory; every enumeration reads the file again.
/// </summary>
public sealed class Records : IEnumerable<DataRecord>
{
    private readonly Func<IEnumerable<DataRow>> _rows;
    private readonly ReadOptions _options;

    internal Records(string path, ReadOptions? options, Func<ReadOptions, IEnumerable<DataRow>> rows)
    {
        DataFile.Require(path);
        Path = path;
        _options = options ?? new ReadOptions();
        if (!Enum.IsDefined(_options.MalformedRows))
            throw new ArgumentOutOfRangeException(nameof(options), _options.MalformedRows, $"{nameof(ReadOptions.MalformedRows)} must be one of {string.Join(", ", Enum.GetNames<MalformedRows>())}.");
        _rows = () => rows(_options);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>How many malformed rows the latest enumeration has left out so far.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Reads the file from its beginning.</summary>
    /// <returns>An enumerator over the rows. Moving it on raises <see cref="DataException"/> for a malformed row (unless those are left out), a damaged file, and a file without rows.</returns>
    public IEnumerator<DataRecord> GetEnumerator()
    {
        LeftOut = 0;
        bool any = false;
        using IEnumerator<DataRow> rows = Guarded(() => _rows().GetEnumerator());
        Func<bool> next = rows.MoveNext;
        while (Guarded(next))
        {
            (long line, IReadOnlyDictionary<string, object?>? fields, string? problem) = rows.Current;
            if (fields is not null)
            {
                any = true;
                yield return new DataRecord(fields, Path, line);
            }
            else if (_options.MalformedRows == MalformedRows.Refuse)
            {
                throw new DataException(Path, line, $"{problem} {nameof(ReadOptions)}.{nameof(ReadOptions.MalformedRows)} = {nameof(MalformedRows.LeaveOut)} reads on without such rows.");
            }
            else
            {
                LeftOut++;
                _options.Report?.Report(new MalformedRow(Path, line, problem!));
            }
        }

        if (!any)
            throw new DataException(Path, LeftOut == 0 ? "it has no rows." : $"none of its {LeftOut} rows can be read.");
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (JsonException error)
        {
            throw new DataException(Path, (error.LineNumber ?? 0) + 1, $"it is not JSON: {JsonValues.Problem(error)}", error);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException or ZstdSharp.ZstdException or CsvHelper.CsvFormatException)
        {
            throw new DataException(Path, $"it cannot be read to its end: {error.Message}", error);
        }
    }
}
