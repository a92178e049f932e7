using System.Buffers.Binary;
using System.Text;
using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>Files are read into and written from the memory of the host: nothing here is on the test device.</summary>
public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_is_the_one_the_format_asks_for()
    {
        using Tensor wide = tensor(new long[] { 1, 2 });
        using Tensor second = tensor(new float[] { 1 });
        using Tensor first = zeros(0, 3);
        SafetensorsWriter.Write(_folder["x"], [PendingWeight.Of("ü\"\n", second), PendingWeight.Of("b", wide), PendingWeight.Of("a", first)]);

        byte[] file = File.ReadAllBytes(_folder["x"]);
        // Wide types first, then by name; control characters and quotes escaped, other characters as they are.
        string header = """{"__metadata__":{"format":"pt"},"b":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[0,3],"data_offsets":[16,16]},"ü\"\n":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}}""";
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        string written = Encoding.UTF8.GetString(file, 8, length);
        Assert.Equal(header, written.TrimEnd(' '));
        Assert.Equal(0, length % 8);
        Assert.InRange(length - Encoding.UTF8.GetByteCount(header), 0, 7);
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F], file[(8 + length)..]);
    }

    [Theory]
    [InlineData(ScalarType.Bool)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Every_bit_survives(ScalarType type)
    {
        // Random bits: among the floats are NaNs with payloads, subnormals and both zeros.
        long[][] shapes = [[], [0], [1], [3, 0, 2], [7], [257, 129]];
        Random random = new(5);
        List<Tensor> originals = [];
        foreach (long[] shape in shapes)
        {
            Tensor original = zeros(shape, type);
            Span<byte> bytes = original.bytes;
            random.NextBytes(bytes);
            if (type == ScalarType.Bool)
            {
                foreach (ref byte bit in bytes)
                    bit &= 1;
            }

            originals.Add(original);
        }

        SafetensorsWriter.Write(_folder["x"], [.. originals.Select((original, i) => PendingWeight.Of($"t{i}", original))]);
        using SafetensorsFile file = SafetensorsFile.Open(_folder["x"]);
        Assert.Equal("pt", file.Metadata["format"]);
        for (int i = 0; i < originals.Count; i++)
        {
            using Tensor copy = file.Read($"t{i}");
            Assert.Equal(type, copy.dtype);
            Assert.Equal(shapes[i], copy.shape);
            Assert.True(originals[i].bytes.SequenceEqual(copy.bytes));
            originals[i].Dispose();
        }
    }

    [Fact]
    public void NaN_payloads_are_kept_by_name()
    {
        using Tensor payloads = zeros(2);
        BinaryPrimitives.WriteUInt32LittleEndian(payloads.bytes, 0x7F800001); // signalling
        BinaryPrimitives.WriteUInt32LittleEndian(payloads.bytes[4..], 0xFFC0BEEF);
        SafetensorsWriter.Write(_folder["x"], [PendingWeight.Of("nan", payloads)]);
        using SafetensorsFile file = SafetensorsFile.Open(_folder["x"]);
        using Tensor copy = file.Read("nan");
        Assert.Equal([0x01, 0x00, 0x80, 0x7F, 0xEF, 0xBE, 0xC0, 0xFF], copy.bytes.ToArray());
    }

    [Fact]
    public void Views_are_written_in_row_major_order_and_given_tensors_stay_usable()
    {
        using Tensor rows = arange(6, ScalarType.Float32).view(2, 3);
        using Tensor columns = rows.t();
        SafetensorsWriter.Write(_folder["x"], [PendingWeight.Of("t", columns)]);
        using SafetensorsFile file = SafetensorsFile.Open(_folder["x"]);
        using Tensor copy = file.Read("t");
        Assert.Equal([0f, 3f, 1f, 4f, 2f, 5f], copy.data<float>().ToArray());
        Assert.Equal(5f, columns[2, 1].ToSingle());
    }

    [Fact]
    public void A_failure_leaves_the_old_file_and_nothing_else()
    {
        _folder.Write("x", 1, 2, 3);
        PendingWeight bad = new("t", ScalarType.Float32, [2], () => throw new IOException("disk full"));
        PendingWeight other = new("t", ScalarType.Float32, [2], () => zeros(3));
        Assert.Throws<IOException>(() => SafetensorsWriter.Write(_folder["x"], [bad]));
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(_folder["x"], [other]));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(_folder["x"]));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Names_are_unique_and_types_writable()
    {
        using Tensor one = zeros(1);
        using Tensor complex = zeros(1, ScalarType.ComplexFloat32);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_folder["x"], [PendingWeight.Of("t", one), PendingWeight.Of("t", one)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_folder["x"], [PendingWeight.Of("__metadata__", one)]));
        Assert.Throws<NotSupportedException>(() => SafetensorsWriter.Write(_folder["x"], [PendingWeight.Of("t", complex)]));
    }

    [Fact]
    public void Tensors_are_asked_for_one_at_a_time_and_disposed()
    {
        List<Tensor> given = [];
        PendingWeight[] weights = [.. Enumerable.Range(0, 5).Select(i => new PendingWeight($"t{i}", ScalarType.Float32, [4], () =>
        {
            Assert.All(given, tensor => Assert.True(tensor.IsInvalid));
            given.Add(zeros(4));
            return given[^1];
        }))];
        SafetensorsWriter.Write(_folder["x"], weights);
        Assert.Equal(5, given.Count);
        Assert.True(given[^1].IsInvalid);
    }
}
