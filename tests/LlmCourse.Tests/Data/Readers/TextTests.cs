using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

public sealed class TextTests : ReaderTests
{
    private const string Text = "\uFEFFone\r\n two \n\n\t\nthree\u2028four\nfive";

    [Fact]
    public void Each_line_that_is_not_blank_is_a_row()
    {
        DataRecord[] rows = [.. Examples.FromText(Put("a.txt", Text))];
        Assert.Equal(["one", " two ", "three\u2028four", "five"], rows.Select(row => row.Get<string>("text")));
        Assert.Equal([1, 2, 5, 6], rows.Select(row => row.Line));
    }

    [Fact]
    public void Or_each_paragraph()
    {
        DataRecord[] rows = [.. Examples.FromText(Put("a.txt", Text), paragraphs: true)];
        Assert.Equal(["one\n two ", "three\u2028four\nfive"], rows.Select(row => row.Get<string>("text")));
        Assert.Equal([1, 5], rows.Select(row => row.Line));
    }

    [Theory]
    [InlineData(false, 2L, new[] { "a", "c" })]
    [InlineData(true, 1L, new[] { "c" })]
    public void Bytes_that_are_no_text_are_malformed(bool paragraphs, long line, string[] kept)
    {
        string path = Folder.Write("a.txt", [.. "a\n"u8, 0x80, .. "\n\nc"u8]);
        List<MalformedRow> left = [];
        Assert.Equal(kept, Examples.FromText(path, paragraphs, LeaveOut(left)).Select(row => row.Get<string>("text")));
        Assert.Equal(line, Assert.Single(left).Line);
    }
}
