using System.Text.Unicode;
using CsvHelper;

namespace LlmCourse.Data;

/// <summary>Separated values: every row has a text for each column of the header.</summary>
internal static class CsvRows
{
    private const int LongestRow = 1 << 30;

    public static IEnumerable<DataRow> Read(string path, ReadOptions options)
    {
        char separator = options.Separator ?? (IsTabbed(path) ? '\t' : ',');
        if (!char.IsAscii(separator) || separator is '"' or '\r' or '\n')
            throw new ArgumentException($"{nameof(ReadOptions.Separator)} is '{separator}'; it must be an ASCII character, no quote and no line end.", nameof(options));
        CsvMalformedReason? problem = null;
        CsvReaderOptions format = new()
        {
            Separator = separator,
            HasHeader = false,
            Mode = options.Quotes ?? separator != '\t' ? CsvMode.Rfc4180 : CsvMode.NoEscape,
            TrackLineNumbers = true,
            MaxRecordSize = LongestRow,
            OnMalformedRecord = record => problem = record.Reason,
        };
        using CsvReader reader = CsvReader.Create(DataFile.Open(path), format);
        string[]? columns = options.Columns is null ? null : Columns(path, 0, [.. options.Columns]);
        while (reader.Read())
        {
            long line = reader.LineNumber;
            if (problem is CsvMalformedReason.UnterminatedQuote)
                throw new DataException(path, line, $"a quote is opened in this row and never closed, so the rest of the file is inside it. Where quotes are ordinary characters, set {nameof(ReadOptions)}.{nameof(ReadOptions.Quotes)} = false.");
            if (columns is null)
                columns = Columns(path, line, Cells(reader));
            else if (!Utf8.IsValid(reader.RawRecord))
                yield return DataRow.Bad(line, TextRows.NotUtf8);
            else if (problem is CsvMalformedReason.TextAfterClosingQuote)
                yield return DataRow.Bad(line, "it has text after a closing quote.");
            else if (reader.FieldCount != columns.Length)
                yield return DataRow.Bad(line, $"it has {reader.FieldCount} cells, and there are {columns.Length} columns.");
            else
                yield return DataRow.Good(line, columns.Zip(Cells(reader), KeyValuePair.Create).ToDictionary(cell => cell.Key, cell => (object?)cell.Value, StringComparer.Ordinal));
            problem = null;
        }
    }

    private static bool IsTabbed(string path) => new[] { ".tsv", ".tab" }.Any(ending =>
        path.EndsWith(ending, StringComparison.OrdinalIgnoreCase) || path.Contains(ending + '.', StringComparison.OrdinalIgnoreCase));

    private static string[] Cells(CsvReader reader) => [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetString)];

    private static string[] Columns(string path, long line, string[] names)
    {
        if (names.CountBy(name => name, StringComparer.Ordinal).FirstOrDefault(name => name.Value > 1).Key is { } twice)
            throw new DataException(path, line, $"the column \"{twice}\" is there twice. Where the first line is a row like the others, give the names in {nameof(ReadOptions)}.{nameof(ReadOptions.Columns)}.");
        return names;
    }
}
