using System.Text;
using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

[Collection(ProcessWide.Name)] // the managed memory of the process is measured
public sealed class JsonLinesTests : ReaderTests
{
    [Fact]
    public void Values_become_plain_values()
    {
        string path = Put("a.jsonl", """{"text":"ü\n","whole":7,"large":12345678901234567890,"real":1.5,"yes":true,"none":null,"list":[1,"a"],"object":{"x":{"y":2}}}""");
        DataRecord row = Assert.Single(Examples.FromJsonLines(path));
        Assert.Equal("ü\n", row.Get<string>("text"));
        Assert.Equal(7, row.Get<long>("whole"));
        Assert.Equal(7.0, row.Get<double>("whole"));
        Assert.Equal(12345678901234567890m, row.Get<decimal>("large"));
        Assert.Equal(1.5, row.Get<double>("real"));
        Assert.True(row.Get<bool>("yes"));
        Assert.Null(row.Get<string?>("none"));
        Assert.Equal([1L, "a"], row.Get<IReadOnlyList<object?>>("list"));
        Assert.Equal(2, row.Get<long>("object.x.y"));
        Assert.Equal("a", row.Get<string>("list.1"));
        Assert.Equal(path + ":1", row.Source);
        Assert.Equal(["text", "whole", "large", "real", "yes", "none", "list", "object"], row.Fields.Keys);
    }

    [Fact]
    public void Physical_lines_are_counted_whatever_stands_on_them()
    {
        // U+2028 inside a string is no line end; a blank line is one, and no row; the last line needs no end.
        string path = Put("a.jsonl", "\uFEFF{\"a\":\"x\u2028y\"}\r\n\r\n  \n{\"a\":2}\n{\"a\":3}");
        Assert.Equal([1, 4, 5], Examples.FromJsonLines(path).Select(row => row.Line));
        Assert.Equal("x\u2028y", Examples.FromJsonLines(path).First().Get<string>("a"));
    }

    [Fact]
    public void Lines_longer_than_the_buffer_are_read_whole()
    {
        // The buffer begins at 65,536 bytes: lines just below, at and above it, and one of a million.
        int[] lengths = [65_520, 65_525, 65_527, 65_528, 65_529, 65_530, 131_072, 1_000_000, 1, 0];
        string path = Put("a.jsonl", string.Concat(lengths.Select(length => $"{{\"a\":\"{new string('x', length)}\"}}\n")));
        Assert.Equal(lengths, Examples.FromJsonLines(path).Select(row => row.Get<string>("a").Length));
    }

    [Theory]
    [InlineData("[1]", "a list, not an object")]
    [InlineData("7", "a number, not an object")]
    [InlineData("null", "null, not an object")]
    [InlineData("{\"a\":1", "it is not JSON")]
    [InlineData("{\"a\":1} {\"a\":2}", "it is not JSON at byte 9")]
    [InlineData("{\"a\":1,\"a\":2}", "the key \"a\" twice")]
    [InlineData("{\"o\":{\"k\":1,\"k\":2}}", "the key \"k\" twice")]
    [InlineData("{\"a\":1e999}", "the number 1e999 is too large")]
    [InlineData("{\"a\":\"\\ud800\"}", "not valid Unicode")]
    public void A_malformed_line_is_refused_by_its_number_or_left_out_and_told(string line, string problem)
    {
        string path = Put("a.jsonl", "{\"a\":1}\n" + line + "\n\n{\"a\":3}\n" + line);
        DataException refused = Refused(Examples.FromJsonLines(path));
        Assert.StartsWith($"{path}:2: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        Assert.Equal((path, 2L), (refused.Path, refused.Line));

        List<MalformedRow> left = [];
        Records rows = Examples.FromJsonLines(path, LeaveOut(left));
        Assert.Equal([1L, 3L], rows.Select(row => row.Get<long>("a")));
        Assert.Equal(2, rows.LeftOut);
        Assert.Equal([2L, 5L], left.Select(row => row.Line));
        Assert.All(left, row => Assert.Contains(problem, row.Problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_malformed()
    {
        string path = Folder.Write("a.jsonl", [.. "{\"a\":\""u8, 0xFF, .. "\"}\n{\"a\":\"b\"}"u8]);
        List<MalformedRow> left = [];
        Assert.Equal("b", Assert.Single(Examples.FromJsonLines(path, LeaveOut(left))).Get<string>("a"));
        Assert.Equal(new MalformedRow(path, 1, "it is not UTF-8 text."), Assert.Single(left));
    }

    [Fact]
    public void Every_enumeration_reads_anew_and_counts_anew()
    {
        Records rows = Examples.FromJsonLines(Put("a.jsonl", "{}\nx\n{}\nx"), LeaveOut([]));
        Assert.Equal((2, 2), (rows.Count(), (int)rows.LeftOut));
        Assert.Equal((2, 2), (rows.Count(), (int)rows.LeftOut));
        Assert.Empty(rows.First().Fields);
        Assert.Equal(0, rows.LeftOut);
    }

    [Fact]
    public void An_array_is_told_where_to_go()
    {
        string path = Put("a.json", "[\n{\"a\":1}]");
        Assert.Contains("FromJson.", Refused(Examples.FromJsonLines(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_data_set_is_refused_by_name()
    {
        Assert.Contains("no such file", Assert.Throws<DataException>(() => Examples.FromJsonLines(Folder["absent"])).Message, StringComparison.Ordinal);
        Assert.Contains("a folder", Assert.Throws<DataException>(() => Examples.FromJsonLines(Folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("it has no rows", Refused(Examples.FromJsonLines(Put("empty", ""))).Message, StringComparison.Ordinal);
        Assert.Contains("it has no rows", Refused(Examples.FromJsonLines(Put("blank", "\n \n"))).Message, StringComparison.Ordinal);
        Assert.Contains("none of its 2 rows", Refused(Examples.FromJsonLines(Put("bad", "x\ny"), LeaveOut([]))).Message, StringComparison.Ordinal);
        Assert.Contains("Git LFS", Refused(Examples.FromJsonLines(Put("lfs", "version https://git-lfs.github.com/spec/v1\n"))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Examples.FromJsonLines(Put("a", "{}"), new() { MalformedRows = (MalformedRows)7 }));
    }

    [Fact]
    public void Only_what_is_asked_for_is_read()
    {
        string path = Put("a.jsonl", "{\"a\":1}\n{\"a\":2}\nrubbish");
        Assert.Equal(2, Examples.FromJsonLines(path).Take(2).Count());
    }

    [Fact]
    public void Memory_does_not_grow_with_the_file()
    {
        string path = Folder["big.jsonl"];
        using (StreamWriter writer = new(path, append: false, new UTF8Encoding(false)))
        {
            for (int i = 0; i < 40_000; i++)
                writer.WriteLine($$"""{"text":"{{new string('x', 1000)}}"}"""); // 40 MB
        }

        long before = GC.GetTotalMemory(forceFullCollection: true), most = 0;
        foreach ((int number, _) in Examples.FromJsonLines(path).Index())
        {
            if (number % 10_000 == 9_999)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        Assert.InRange(most, long.MinValue, 4 << 20);
    }
}
