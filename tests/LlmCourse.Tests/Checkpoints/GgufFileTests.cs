using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>Files are read into and written from the memory of the host: nothing here is on the test device.</summary>
public sealed class GgufFileTests : IDisposable
{
    private const uint F32 = 0, Q4_0 = 2, IQ4_XS = 23;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Shapes_are_in_PyTorch_order(uint version)
    {
        using GgufFile file = Open(new GgufBytes { Version = version }.Tensor("w", F32, [3, 2], GgufBytes.Floats(0, 1, 2, 3, 4, 5)));
        using Tensor weight = file.Read("w");
        Assert.Equal([2, 3], weight.shape);
        Assert.Equal(3f, weight[1, 0].ToSingle());
        Assert.Equal(("F32", 24L, _folder["x.gguf"]), (file.Weights["w"].Storage, file.Weights["w"].Bytes, file.Weights["w"].File));
    }

    [Fact]
    public void Metadata_keep_their_types_also_in_nested_arrays()
    {
        using GgufFile file = Open(new GgufBytes()
            .Value("number", 4, writer => writer.Write(7u))
            .Value("text", 8, writer => GgufBytes.Text(writer, "ü\0"))
            .Value("pairs", 9, writer =>
            {
                writer.Write(9u);
                writer.Write(2UL);
                foreach (ulong length in (ulong[])[2, 0])
                {
                    writer.Write(5u);
                    writer.Write(length);
                    for (ulong i = 0; i < length; i++)
                        writer.Write(-1 - (int)i);
                }
            }));
        Assert.Equal(7u, file.Metadata["number"]);
        Assert.Equal("ü\0", file.Metadata["text"]);
        object[] pairs = Assert.IsType<object[]>(file.Metadata["pairs"]);
        Assert.Equal([-1, -2], Assert.IsType<int[]>(pairs[0]));
        Assert.Empty(Assert.IsType<int[]>(pairs[1]));
        Assert.Empty(file.Weights);
    }

    [Fact]
    public void Arrays_nested_without_end_are_refused()
    {
        byte[] file = new GgufBytes().Value("deep", 9, writer =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                writer.Write(9u);
                writer.Write(1UL);
            }
        }).Build();
        Assert.Contains("nested", Refused(file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0xA0_0000_0000_0000UL, "ends at byte")]
    [InlineData(ulong.MaxValue, "ends at byte")]
    public void A_string_length_is_believed_only_as_far_as_the_file_goes(ulong length, string reason)
    {
        byte[] file = new GgufBytes().Value("s", 8, writer => writer.Write(length)).Build();
        Refused(file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(reason, Refused(file), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void A_tensor_of_an_unsupported_type_is_listed_and_named_when_read()
    {
        using GgufFile file = Open(new GgufBytes()
            .Tensor("k", IQ4_XS, [256], new byte[136])
            .Tensor("w", F32, [1], GgufBytes.Floats(2)));
        Assert.False(file.CanRead("k"));
        Assert.Equal([256], file.Weights["k"].Shape);
        string message = Assert.Throws<CheckpointException>(() => file.Read("k")).Message;
        Assert.Contains("'k'", message, StringComparison.Ordinal);
        Assert.Contains("IQ4_XS", message, StringComparison.Ordinal);
        using Tensor weight = file.Read("w");
        Assert.Equal(2f, weight.ToSingle());
    }

    [Fact]
    public void Blocks_reach_any_destination()
    {
        // scale 0.5; byte j holds number j in its low half and number 15 - j in its high one.
        byte[] block = [.. BitConverter.GetBytes((Half)0.5f), .. Enumerable.Range(0, 16).Select(j => (byte)(j | ((15 - j) << 4)))];
        float[] expected = [.. Enumerable.Range(0, 16).Select(j => 0.5f * (j - 8)), .. Enumerable.Range(0, 16).Select(j => 0.5f * (7 - j))];
        using GgufFile file = Open(new GgufBytes().Tensor("w", Q4_0, [32, 1], block));
        using Tensor plain = file.Read("w");
        using Tensor half = file.Read("w", ScalarType.Float16);
        using Tensor transposed = zeros(32, 1).t();
        using Tensor parameter = zeros(1, 32, requires_grad: true);
        file.CopyTo("w", transposed);
        file.CopyTo("w", parameter);
        foreach (Tensor copy in (Tensor[])[plain, half, transposed, parameter])
        {
            using Tensor values = copy.detach().to(float32).contiguous();
            Assert.Equal(expected, values.data<float>().ToArray());
        }
    }

    [Fact]
    public void A_tensor_knows_that_it_was_written()
    {
        // What is derived from a weight is rebuilt when its version has risen.
        using jit.CompilationUnit script = jit.compile("def version(t: Tensor) -> int:\n  return t._version()\n");
        using GgufFile file = Open(new GgufBytes().Tensor("plain", F32, [4], GgufBytes.Floats(1, 2, 3, 4)).Tensor("blocks", Q4_0, [32], new byte[18]));
        foreach (string name in file.Weights.Keys)
        {
            using Tensor destination = zeros(file.Weights[name].Shape, requires_grad: true);
            long before = Version(destination);
            file.CopyTo(name, destination);
            Assert.NotEqual(before, Version(destination));
        }

        long Version(Tensor weight) => ((Scalar)script.invoke("version", weight)).ToInt64();
    }

    [Theory]
    [InlineData((ushort)0, (ushort)3, 1)]
    [InlineData((ushort)2, (ushort)3, 3)]
    public void A_part_of_a_split_file_says_which_it_is(ushort number, ushort count, int expected)
    {
        using GgufFile file = Open(new GgufBytes().SplitKeys(number, count, 7));
        Assert.Equal((expected, count, 7), file.Split);
        Assert.Contains("split.count", Refused(new GgufBytes().SplitKeys(count, count, 7).Build()), StringComparison.Ordinal);
        Assert.Contains("split.count", Refused(new GgufBytes().Value("split.count", 4, writer => writer.Write(3u)).Build()), StringComparison.Ordinal);
        using GgufFile whole = Open(new GgufBytes().SplitKeys(0, 1, 0));
        Assert.Equal((1, 1, null), whole.Split);
    }

    [Theory]
    [InlineData(0x03000000, "big-endian")]
    [InlineData(1, "version 1")]
    public void Other_versions_are_named(uint version, string reason) =>
        Assert.Contains(reason, Refused(new GgufBytes { Version = version }.Build()), StringComparison.Ordinal);

    [Fact]
    public void Bools_are_0_or_1() =>
        Assert.Contains("bool", Refused(new GgufBytes().Value("b", 7, writer => writer.Write((byte)2)).Build()), StringComparison.Ordinal);

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void Alignment_is_the_files_own(int alignment)
    {
        using GgufFile file = Open(new GgufBytes { Alignment = alignment }
            .Value("general.alignment", 4, writer => writer.Write(alignment))
            .Tensor("bytes", 24, [3], [1, 2, 3])
            .Tensor("w", F32, [2], GgufBytes.Floats(1, 2)));
        using Tensor weight = file.Read("w");
        Assert.Equal([1f, 2f], weight.data<float>().ToArray());
    }

    [Theory]
    [InlineData(new ulong[] { 4, 1UL << 62, 0 }, "impossible shape")]
    [InlineData(new ulong[] { 1UL << 40, 1UL << 20 }, "reaches beyond")]
    [InlineData(new ulong[] { ulong.MaxValue }, "impossible shape")]
    public void Shapes_are_compared_with_the_file_before_anything_is_made_of_them(ulong[] dimensions, string reason) =>
        Assert.Contains(reason, Refused(new GgufBytes().Tensor("w", F32, dimensions, new byte[32]).Build()), StringComparison.Ordinal);

    [Fact]
    [Trait("Category", "Long")]
    public void Files_beyond_four_gigabytes_are_read_at_their_end()
    {
        const long Bytes = (4L << 30) + 64;
        byte[] header = new GgufBytes().Tensor("bytes", 24, [(ulong)Bytes], []).Tensor("w", F32, [2], GgufBytes.Floats(1, 2), offset: (ulong)Bytes).Build();
        string path = _folder.Write("x.gguf", header.AsSpan(0, header.Length - 32));
        using (FileStream stream = File.OpenWrite(path))
        {
            stream.SetLength(header.Length - 32 + Bytes); // a hole, on file systems that have them
            stream.Seek(0, SeekOrigin.End);
            stream.Write(GgufBytes.Floats(1, 2));
        }

        using GgufFile file = GgufFile.Open(path);
        Assert.Equal(Bytes, file.Weights["bytes"].Bytes);
        using Tensor weight = file.Read("w");
        Assert.Equal([1f, 2f], weight.data<float>().ToArray());
    }

    [Fact]
    public void Overlapping_and_misplaced_tensors_are_refused()
    {
        Assert.Contains("overlap", Refused(new GgufBytes().Tensor("a", F32, [16], new byte[64]).Tensor("b", F32, [8], new byte[32], offset: 32).Build()), StringComparison.Ordinal);
        Assert.Contains("alignment", Refused(new GgufBytes().Tensor("a", F32, [1], new byte[64], offset: 4).Build()), StringComparison.Ordinal);
        Assert.Contains("reaches beyond", Refused(new GgufBytes().Tensor("a", F32, [1], new byte[64], offset: ulong.MaxValue - 31).Build()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_belongs_to_nothing_is_refused()
    {
        Assert.Contains("before tensor 'b'", Refused(new GgufBytes().Tensor("a", F32, [1], new byte[96]).Tensor("b", F32, [8], new byte[32]).Build()), StringComparison.Ordinal);
        Assert.Contains("at the end", Refused(new GgufBytes().Tensor("a", F32, [1], new byte[96]).Build()), StringComparison.Ordinal);
        byte[] oneValueTooFew = new GgufBytes().Value("a", 4, writer => writer.Write(1u)).Value("b", 4, writer => writer.Write(2u)).Build();
        oneValueTooFew[16]--; // the number of metadata values
        Assert.Contains("there is something", Refused(oneValueTooFew), StringComparison.Ordinal);
    }

    private GgufFile Open(GgufBytes content) => GgufFile.Open(_folder.Write("x.gguf", content.Build()));

    private string Refused(byte[] content) => Assert.Throws<CheckpointException>(() => GgufFile.Open(_folder.Write("x.gguf", content))).Message;
}
