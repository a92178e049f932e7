using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

public sealed class JsonTests : ReaderTests
{
    [Theory]
    [InlineData("[{\"a\":1},\n {\"a\":2}\n,{\"a\":3}]\n", new long[] { 1, 2, 3 })]
    [InlineData("\uFEFF\n[\n{\"a\":1},{\"a\":2},\n{\n\"a\":3}]", new long[] { 3, 3, 4 })]
    [InlineData("{\"version\":{\"x\":[1,2]},\n\"data\":[{\"a\":1},{\"a\":2},{\"a\":3}],\n\"more\":[]}", new long[] { 2, 2, 2 })]
    public void The_elements_of_the_array_are_the_rows(string text, long[] lines)
    {
        DataRecord[] rows = [.. Examples.FromJson(Put("a.json", text))];
        Assert.Equal([1L, 2L, 3L], rows.Select(row => row.Get<long>("a")));
        Assert.Equal(lines, rows.Select(row => row.Line));
    }

    [Fact]
    public void Elements_may_be_longer_than_the_buffer()
    {
        int[] lengths = [10, 65_530, 65_536, 300_000, 5];
        string path = Put("a.json", "[" + string.Join(",\n", lengths.Select(length => $"{{\"a\":\"{new string('x', length)}\",\"b\":[{{}},[]]}}")) + "]");
        DataRecord[] rows = [.. Examples.FromJson(path)];
        Assert.Equal(lengths, rows.Select(row => row.Get<string>("a").Length));
        Assert.Equal([1, 2, 3, 4, 5], rows.Select(row => row.Line));
    }

    [Fact]
    public void Many_small_elements_cross_the_buffer()
    {
        // 20,000 rows of some 12 bytes: more than three buffers.
        string path = Put("a.json", "{\"data\":[" + string.Join(",\n", Enumerable.Range(0, 20_000).Select(n => $"{{\"n\":{n}}}")) + "]}");
        Assert.All(Examples.FromJson(path).Index(), row => Assert.Equal((row.Index, row.Index + 1), (row.Item.Get<long>("n"), row.Item.Line)));
    }

    [Fact]
    public void Elements_that_are_no_rows_may_be_left_out()
    {
        List<MalformedRow> left = [];
        Records rows = Examples.FromJson(Put("a.json", "[{\"a\":1},\n7,\n{\"a\":2,\"a\":3},\n{\"a\":4}]"), LeaveOut(left));
        Assert.Equal([1L, 4L], rows.Select(row => row.Get<long>("a")));
        Assert.Equal([2L, 3L], left.Select(row => row.Line));
    }

    [Theory]
    [InlineData("[{\"a\":1},\n{\"a\":}]", ":2: it is not JSON")]
    [InlineData("[{\"a\":1},\n{\"a\":1}", "it is not JSON")]
    [InlineData("[{\"a\":1}]\n[", ":2: it is not JSON")]
    [InlineData("{\"data\":[{\"a\":1}]", "it is not JSON")]
    [InlineData("{\"rows\":[{\"a\":1}]}", "one object without an array \"data\"")]
    [InlineData("{\"data\":7}", "not an array of objects")]
    [InlineData("\"text\"", "not an array of objects")]
    [InlineData("[]", "it has no rows")]
    [InlineData("", "it is empty")]
    [InlineData("  \n", "it is not JSON")]
    public void A_file_that_is_damaged_as_a_whole_is_refused_even_where_rows_may_be_left_out(string text, string problem) =>
        Assert.Contains(problem, Refused(Examples.FromJson(Put("a.json", text), LeaveOut([]))).Message, StringComparison.Ordinal);
}
