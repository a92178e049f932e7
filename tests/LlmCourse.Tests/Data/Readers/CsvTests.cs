using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

public sealed class CsvTests : ReaderTests
{
    [Fact]
    public void A_row_has_a_text_for_each_column_and_the_line_it_begins_on()
    {
        string path = Put("a.csv", "\uFEFFid,\"the text\"\r\n1,\"one, \"\"two\"\"\r\nthree\"\r\n\r\n2,\r\n3,x\u2028y");
        DataRecord[] rows = [.. Examples.FromCsv(path)];
        Assert.Equal(["1", "2", "3"], rows.Select(row => row.Get<string>("id")));
        Assert.Equal(["one, \"two\"\r\nthree", "", "x\u2028y"], rows.Select(row => row.Get<string>("the text")));
        Assert.Equal([2, 5, 6], rows.Select(row => row.Line)); // the first row takes lines 2 and 3, line 4 is blank
    }

    [Theory]
    [InlineData("1", "it has 1 cells, and there are 2 columns.")]
    [InlineData("1,2,3", "it has 3 cells, and there are 2 columns.")]
    [InlineData("1,\"2\"x", "it has text after a closing quote.")]
    public void A_malformed_row_is_refused_by_its_line_or_left_out_and_told(string row, string problem)
    {
        string path = Put("a.csv", $"a,b\n\"1\n\",2\n{row}\n3,4\n");
        Assert.StartsWith($"{path}:4: {problem}", Refused(Examples.FromCsv(path)).Message, StringComparison.Ordinal);
        List<MalformedRow> left = [];
        Assert.Equal(["2", "4"], Examples.FromCsv(path, LeaveOut(left)).Select(good => good.Get<string>("b")));
        Assert.Equal(new MalformedRow(path, 4, problem), Assert.Single(left));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_malformed()
    {
        string path = Folder.Write("a.csv", [.. "a,b\n1,"u8, 0xC3, .. "\n2,\uFFFD\n"u8]);
        List<MalformedRow> left = [];
        Assert.Equal("\uFFFD", Assert.Single(Examples.FromCsv(path, LeaveOut(left))).Get<string>("b"));
        Assert.Equal(new MalformedRow(path, 2, "it is not UTF-8 text."), Assert.Single(left));
    }

    [Fact]
    public void A_quote_that_never_closes_is_refused_where_it_opens_because_it_swallows_the_rest()
    {
        DataException refused = Refused(Examples.FromCsv(Put("a.csv", "a,b\n1,2\n3,\"4\n5,6\n"), LeaveOut([])));
        Assert.Equal(3, refused.Line);
        Assert.Contains("Quotes = false", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quote_inside_an_unquoted_cell_is_text() =>
        Assert.Equal("5\" wide", Assert.Single(Examples.FromCsv(Put("a.csv", "a,b\n1,5\" wide\n"))).Get<string>("b"));

    [Fact]
    public void In_a_tabbed_file_quotes_are_text_unless_asked_otherwise()
    {
        string path = Put("a.TSV", "a\tb\n\"x\ty\"\n");
        DataRecord row = Assert.Single(Examples.FromCsv(path));
        Assert.Equal(("\"x", "y\""), (row.Get<string>("a"), row.Get<string>("b")));
        Assert.Contains("1 cells", Refused(Examples.FromCsv(path, new() { Quotes = true })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_and_separator_may_be_given()
    {
        string path = Put("a.txt", "x;1\ny;2\n");
        DataRecord[] rows = [.. Examples.FromCsv(path, new() { Columns = ["name", "n"], Separator = ';' })];
        Assert.Equal(["x", "y"], rows.Select(row => row.Get<string>("name")));
        Assert.Equal([1, 2], rows.Select(row => row.Line));
        Assert.Throws<ArgumentException>(() => Examples.FromCsv(path, new() { Separator = '"' }).Count());
        Assert.Throws<ArgumentException>(() => Examples.FromCsv(path, new() { Separator = '→' }).Count());
    }

    [Fact]
    public void A_column_twice_and_a_file_without_rows_are_refused()
    {
        Assert.Contains("column \"a\" is there twice", Refused(Examples.FromCsv(Put("a.csv", "a,b,a\n1,2,3\n"))).Message, StringComparison.Ordinal);
        Assert.Contains("column \"a\" is there twice", Refused(Examples.FromCsv(Put("b.csv", "1,2\n"), new() { Columns = ["a", "a"] })).Message, StringComparison.Ordinal);
        Assert.Contains("it has no rows", Refused(Examples.FromCsv(Put("c.csv", "a,b\n"))).Message, StringComparison.Ordinal);
        Assert.Contains("it has no rows", Refused(Examples.FromCsv(Put("d.csv", ""))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cells_longer_than_the_buffer_are_read_whole()
    {
        int[] lengths = [65_530, 65_536, 1_000_000, 3];
        string path = Put("a.csv", "a,b\n" + string.Concat(lengths.Select(length => $"\"{new string('\n', length)}\",x\n")));
        DataRecord[] rows = [.. Examples.FromCsv(path)];
        Assert.Equal(lengths, rows.Select(row => row.Get<string>("a").Length));
        Assert.Equal([2, 2 + 65_531, 2 + 65_531 + 65_537, 2 + 65_531 + 65_537 + 1_000_001], rows.Select(row => row.Line));
    }
}
