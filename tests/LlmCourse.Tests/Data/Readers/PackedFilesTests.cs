using System.IO.Compression;
using System.Text;
using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

public sealed class PackedFilesTests : ReaderTests
{
    private static readonly byte[] Lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 2000).Select(n => $"{{\"n\":{n}}}\n")));

    private static byte[] Gzip(byte[] content) => Packed(content, target => new GZipStream(target, CompressionMode.Compress));

    private static byte[] Packed(byte[] content, Func<Stream, Stream> pack)
    {
        using MemoryStream target = new();
        using (Stream packing = pack(target))
            packing.Write(content);
        return target.ToArray();
    }

    [Fact]
    public void Gzip_and_zstd_are_unpacked()
    {
        Folder.Write("a.jsonl.gz", Gzip(Lines));
        Folder.Write("a.jsonl.zst", Packed(Lines, target => new ZstdSharp.CompressionStream(target)));
        Folder.Write("b.jsonl", Gzip(Lines)); // known by its bytes
        Folder.Write("two.jsonl.gz", [.. Gzip(Lines[..5000]), .. Gzip(Lines[5000..])]); // two members are one file
        Assert.All(["a.jsonl.gz", "a.jsonl.zst", "b.jsonl", "two.jsonl.gz"], name =>
            Assert.Equal(Enumerable.Range(0, 2000).Select(n => (long)n), Examples.FromFile(Folder[name]).Select(row => row.Get<long>("n"))));
    }

    [Fact]
    public void The_name_says_which_reader()
    {
        Assert.Single(Examples.FromFile(Folder.Write("a.json.gz", Gzip("[{}]"u8.ToArray()))));
        Assert.Equal("2", Examples.FromFile(Folder.Write("a.tsv.gz", Gzip("a\tb\n1\t2"u8.ToArray()))).First().Get<string>("b"));
        Assert.Equal("2", Examples.FromFile(Put("a.CSV", "a,b\n1,2")).First().Get<string>("b"));
        Assert.Equal("a,b", Examples.FromFile(Put("a.txt", "a,b")).First().Get<string>("text"));
        Assert.Contains("does not say what it is", Assert.Throws<DataException>(() => Examples.FromFile(Put("a.dat", ""))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.99)]
    [InlineData(0.9999)]
    public void A_file_that_was_cut_off_is_refused(double share)
    {
        foreach ((string name, byte[] packed) in new[] { ("a.gz", Gzip(Lines)), ("a.zst", Packed(Lines, target => new ZstdSharp.CompressionStream(target))) })
        {
            string path = Folder.Write(name, packed.AsSpan(0, (int)(packed.Length * share)));
            Assert.Contains("cannot be read to its end", Refused(Examples.FromJsonLines(path, LeaveOut([]))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Other_archives_are_refused_by_their_name()
    {
        Assert.Contains("zip archive", Refused(Examples.FromJsonLines(Folder.Write("a", "PK\x03\x04...."u8))).Message, StringComparison.Ordinal);
        Assert.Contains("bzip2", Refused(Examples.FromText(Folder.Write("a", "BZh91AY"u8))).Message, StringComparison.Ordinal);
        Assert.Contains("xz", Refused(Examples.FromCsv(Folder.Write("a", [0xFD, .. "7zXZ\0"u8]))).Message, StringComparison.Ordinal);
        Assert.Contains("FromParquet", Refused(Examples.FromJson(Folder.Write("a", "PAR1...."u8))).Message, StringComparison.Ordinal);
    }
}
