using System.Text.Json;
using LlmCourse.Data;
using Parquet;
using Parquet.Serialization;

namespace LlmCourse.Tests.Data;

public sealed class ParquetTests : ReaderTests
{
    [Theory]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Gzip)]
    [InlineData(CompressionMethod.Zstd)]
    [InlineData(CompressionMethod.Brotli)]
    public async Task Rows_of_several_groups_come_back_as_they_were(CompressionMethod compression)
    {
        Row[] rows = [.. Enumerable.Range(0, 250).Select(Row.Number)];
        string path = await Write("a.parquet", rows, new ParquetOptions { CompressionMethod = compression, RowGroupSize = 100 });
        DataRecord[] found = [.. Examples.FromParquet(path)];
        Assert.Equal(rows.Select(row => JsonSerializer.Serialize(row)), found.Select(row => JsonSerializer.Serialize(row.Fields)));
        Assert.Equal(Enumerable.Range(1, 250).Select(number => (long)number), found.Select(row => row.Line));
        Assert.Equal("hello 7", found[7].Get<string>("Messages.0.content"));
    }

    [Fact]
    public void Dictionary_and_plain_pages_nulls_and_lists_of_another_writer_come_back()
    {
        DataRecord[] rows = [.. Examples.FromParquet(Folder.Write("a.parquet", ArrowFiles.MixedPages))];
        Assert.Equal(30, rows.Length);
        foreach ((int i, DataRecord row) in rows.Index())
        {
            Assert.Equal(i % 5 == 4 ? null : $"word {(i < 12 ? i % 3 : i)}", row.Get<string?>("word"));
            Assert.Equal(i % 4 == 3 ? null : Enumerable.Range(0, i % 4).Select(k => k == 1 ? null : (object)$"t{(i + k) % 7}"), row.Get<IReadOnlyList<object?>?>("tags"));
        }
    }

    [Fact]
    public void What_the_library_below_reads_wrongly_is_refused()
    {
        Assert.Contains("values encoded as RLE", Refused(Examples.FromParquet(Folder.Write("a", ArrowFiles.EncodedTruths))).Message, StringComparison.Ordinal);
        Assert.Contains("values encoded as DELTA_BYTE_ARRAY", Refused(Examples.FromParquet(Folder.Write("b", ArrowFiles.SharedBeginnings))).Message, StringComparison.Ordinal);
        Assert.Contains("\"a.list.element\" has lists in pages of version 2", Refused(Examples.FromParquet(Folder.Write("c", ArrowFiles.ListsInNewPages))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_is_refused_wherever_it_was_cut()
    {
        byte[] whole = ArrowFiles.MixedPages;
        for (int length = 0; length < whole.Length; length += 7)
            Assert.StartsWith(Folder["a"], Refused(Examples.FromParquet(Folder.Write("a", whole.AsSpan(0, length)), LeaveOut([]))).Message, StringComparison.Ordinal);
        Assert.Contains("no Parquet file", Refused(Examples.FromParquet(Put("b", "id,text\n1,a\n2,b\n"))).Message, StringComparison.Ordinal);
        Assert.Contains("encrypted", Refused(Examples.FromParquet(Put("c", "PAR1....PARE"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_without_rows_is_refused() =>
        Assert.Contains("it has no rows", Refused(Examples.FromParquet(await Write("a.parquet", Array.Empty<Row>(), new ParquetOptions()))).Message, StringComparison.Ordinal);

    private async Task<string> Write<T>(string name, IReadOnlyCollection<T> rows, ParquetOptions options)
    {
        await ParquetSerializer.SerializeAsync(rows, Folder[name], options);
        return Folder[name];
    }

    /// <summary>Every kind of column there is; null, empty and full in turn.</summary>
    public sealed record Row
    {
        public long Id { get; set; }

        public string? Text { get; set; }

        public double? Score { get; set; }

        public bool? Valid { get; set; }

        public int Small { get; set; }

        public List<string?>? Tags { get; set; }

        public List<Turn>? Messages { get; set; }

        public Turn? One { get; set; }

        public Dictionary<string, long>? Counts { get; set; }

        public static Row Number(int i) => new()
        {
            Id = i * 1_000_000_007L,
            Text = i % 3 == 0 ? null : $"text {i % 17} ü",
            Score = i % 4 == 0 ? null : i / 8.0,
            Valid = i % 5 == 0 ? null : i % 2 == 0,
            Small = -i,
            Tags = i % 6 == 0 ? null : [.. Enumerable.Range(0, i % 6 - 1).Select(k => k == 1 ? null : $"t{k}")],
            Messages = i % 7 == 1 ? null : i % 7 == 2 ? [] : [new() { role = "user", content = $"hello {i}" }, new() { role = "assistant", content = i % 2 == 0 ? null : "yes" }],
            One = i % 8 == 0 ? null : new() { role = "system", content = i % 8 == 1 ? null : "c" },
            Counts = i % 9 == 0 ? null : Enumerable.Range(0, i % 3).ToDictionary(k => $"k{k}", k => (long)k),
        };
    }

    public sealed record Turn
    {
#pragma warning disable IDE1006 // as the files of others have it
        public string? role { get; set; }

        public string? content { get; set; }
#pragma warning restore IDE1006
    }
}
