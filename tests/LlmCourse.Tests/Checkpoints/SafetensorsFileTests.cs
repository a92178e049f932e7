using LlmCourse.Checkpoints;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>Files are read into and written from the memory of the host: nothing here is on the test device.</summary>
public sealed class SafetensorsFileTests : IDisposable
{
    private const string Two = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}""", "twice")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "dtype twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "does not fill")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}""", "does not fill")]
    [InlineData("""{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,8]}}""", "does not fill")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}""", "outside")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775808]}}""", "whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "outside")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "begins at 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", "dtype F8_E4M3")]
    [InlineData("""{"a":{"dtype":5,"shape":[2],"data_offsets":[0,8]}}""", "damaged")]
    [InlineData("""{"a":{"dtype":null,"shape":[2],"data_offsets":[0,8]}}""", "no dtype")]
    [InlineData("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "no array")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "more than 2")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", "needs dtype")]
    [InlineData("""{"a":[]}""", "no object")]
    [InlineData("""{"__metadata__":{"n":1}}""", "no string")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", "twice")]
    [InlineData("""{"a\ud800":{}}""", "damaged")]
    [InlineData("""{"a":{"x":[[[[[[[[[[1]]]]]]]]]]}}""", "damaged")]
    [InlineData(Two, "damaged")]
    [InlineData(Two + "} x", "damaged")]
    public void Damaged_header_is_refused(string header, string reason)
    {
        CheckpointException error = Refused(SafetensorsBytes.File(header, new byte[8]));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("x.safetensors", error.Path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3UL << 30, "limit")]
    [InlineData(ulong.MaxValue, "limit")]
    [InlineData(99_999_999, "cut short")]
    public void Header_length_is_believed_only_as_far_as_the_file_goes(ulong length, string reason)
    {
        byte[] file = SafetensorsBytes.WithLength(length, "{}"u8);
        Refused(file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        CheckpointException error = Refused(file);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void A_shape_of_3_GB_in_a_small_file_is_not_allocated()
    {
        byte[] file = SafetensorsBytes.File("""{"a":{"dtype":"F32","shape":[805306368],"data_offsets":[0,3221225472]}}""", new byte[8]);
        Refused(file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("outside", Refused(file).Message, StringComparison.Ordinal); // no tensor was made: there is no source
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull")]
    [InlineData("<!DOCTYPE html><html></html>", "web page")]
    [InlineData("PK\u0003\u0004 and so on", "pytorch_model.bin")]
    [InlineData("GGUF and so on, and on", "GGUF")]
    [InlineData("", "empty")]
    public void What_is_often_there_instead_is_recognised(string text, string reason) =>
        Assert.Contains(reason, Refused(System.Text.Encoding.UTF8.GetBytes(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Missing_file_and_folder_are_named()
    {
        Assert.IsAssignableFrom<LlmException>(Record.Exception(() => SafetensorsFile.Open(_folder["none.safetensors"])));
        Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.Path));
    }

    [Fact]
    public void Data_need_no_alignment_and_bools_become_proper_ones()
    {
        // The odd padding of the header and the leading bools put the floats on an odd address.
        string header = """{"b":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},"f":{"dtype":"F32","shape":[2],"data_offsets":[3,11]}} """;
        using SafetensorsFile file = Open(SafetensorsBytes.File(header, [2, 0, 255, .. GgufBytes.Floats(1.5f, -2f)]));
        using Tensor bools = file.Read("b");
        using Tensor floats = file.Read("f");
        Assert.Equal([1, 0, 1], bools.bytes.ToArray());
        Assert.Equal([1.5f, -2f], floats.data<float>().ToArray());
        Assert.Equal(new WeightInfo("f", "F32", ScalarType.Float32, [2], 8, 8 + header.Length + 3, _folder["x.safetensors"]) with { Shape = file.Weights["f"].Shape }, file.Weights["f"]);
    }

    [Fact]
    public void Metadata_are_read_and_unknown_keys_of_an_entry_ignored()
    {
        using SafetensorsFile file = Open(SafetensorsBytes.File(
            """{"__metadata__":{"format":"pt","a":"ü"},"a":{"dtype":"U8","more":{"x":[1]},"shape":[],"data_offsets":[0,1]}}""", 7));
        Assert.Equal(new Dictionary<string, string> { ["format"] = "pt", ["a"] = "ü" }, file.Metadata);
        using Tensor scalar = file.Read("a");
        Assert.Empty(scalar.shape);
        Assert.Equal(7, scalar.ToByte());
    }

    [Fact]
    public void Copy_converts_and_reaches_views_and_parameters()
    {
        using SafetensorsFile file = Open(SafetensorsBytes.File("""{"w":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}}""", 0x80, 0x3F, 0x20, 0xC0, 0, 0, 0x40, 0x40));
        using Tensor transposed = zeros(2, 2).t();
        using Tensor parameter = zeros(2, 2, requires_grad: true);
        using Tensor wide = file.Read("w", ScalarType.Float64);
        file.CopyTo("w", transposed);
        file.CopyTo("w", parameter);
        foreach (Tensor copy in (Tensor[])[transposed, parameter, wide])
        {
            using Tensor values = copy.detach().to(float32).contiguous();
            Assert.Equal([1f, -2.5f, 0f, 3f], values.data<float>().ToArray());
        }

        Assert.True(parameter.is_leaf);
    }

    [Fact]
    public void Misuse_is_an_argument_error()
    {
        SafetensorsFile file = Open(SafetensorsBytes.File("""{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 1, 2));
        using Tensor other = zeros(1, 2);
        Assert.Contains("[1, 2]", Assert.Throws<ArgumentException>(() => file.CopyTo("w", other)).Message, StringComparison.Ordinal);
        Assert.Contains("'v'", Assert.Throws<ArgumentException>(() => file.Read("v")).Message, StringComparison.Ordinal);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Read("w"));
    }

    private SafetensorsFile Open(byte[] content) => SafetensorsFile.Open(_folder.Write("x.safetensors", content));

    private CheckpointException Refused(byte[] content) => Assert.Throws<CheckpointException>(() => Open(content));
}
