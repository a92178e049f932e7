using System.Text.Json;
using System.Text.Unicode;

namespace LlmCourse.Data;

/// <summary>JSON Lines: an object on each line; blank lines do not count.</summary>
internal static class JsonLinesRows
{
    public static IEnumerable<DataRow> Read(string path)
    {
        using Stream stream = DataFile.Open(path);
        foreach ((long number, ReadOnlyMemory<byte> bytes) in Lines.Of(stream))
        {
            if (!Lines.IsBlank(bytes))
                yield return Row(number, bytes);
        }
    }

    private static DataRow Row(long number, ReadOnlyMemory<byte> bytes)
    {
        if (!Utf8.IsValid(bytes.Span))
            return DataRow.Bad(number, TextRows.NotUtf8);
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            return JsonValues.Row(number, document.RootElement);
        }
        catch (JsonException error)
        {
            string hint = number == 1 && bytes.Span.StartsWith("["u8) ? $" A file that is one array is read with {nameof(Examples)}.{nameof(Examples.FromJson)}." : "";
            return DataRow.Bad(number, $"it is not JSON at byte {error.BytePositionInLine + 1} of the line: {JsonValues.Problem(error)}{hint}");
        }
    }
}
