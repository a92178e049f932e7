using System.Text;
using System.Text.Unicode;

namespace LlmCourse.Data;

/// <summary>Plain text: a line or a paragraph is a row with the one field <c>text</c>.</summary>
internal static class TextRows
{
    public const string Field = "text";
    public const string NotUtf8 = "it is not UTF-8 text.";

    public static IEnumerable<DataRow> Read(string path, bool paragraphs)
    {
        using Stream stream = DataFile.Open(path);
        List<string> paragraph = [];
        long first = 0;
        string? problem = null;
        foreach ((long number, ReadOnlyMemory<byte> bytes) in Lines.Of(stream))
        {
            bool blank = Lines.IsBlank(bytes);
            if (!blank)
            {
                if (paragraph.Count == 0)
                    first = number;
                problem = Utf8.IsValid(bytes.Span) ? problem : NotUtf8;
                paragraph.Add(Encoding.UTF8.GetString(bytes.Span));
            }

            if (paragraph.Count > 0 && (blank || !paragraphs))
            {
                yield return Row();
                paragraph.Clear();
                problem = null;
            }
        }

        if (paragraph.Count > 0)
            yield return Row();

        DataRow Row() => problem is null
            ? DataRow.Good(first, new Dictionary<string, object?> { [Field] = string.Join('\n', paragraph) })
            : DataRow.Bad(first, problem);
    }
}
