using System.Text;
using System.Text.Json;
using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

public sealed class PickleFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tensors_are_views_of_their_storages(bool old)
    {
        (string, string, int[], int[], int, byte[], int)[] tensors =
        [
            ("a.weight", "FloatStorage", [2, 3], [3, 1], 1, GgufBytes.Floats(9, 1, 2, 3, 4, 5, 6), 7),
            ("turned", "FloatStorage", [3, 2], [1, 3], 0, GgufBytes.Floats(1, 2, 3, 4, 5, 6), 6),
            ("spread", "LongStorage", [3], [0], 1, [.. BitConverter.GetBytes(5L), .. BitConverter.GetBytes(7L), .. new byte[8]], 3),
            ("scalar", "HalfStorage", [], [], 0, [0x00, 0x3c], 1),
            ("empty", "ByteStorage", [0, 4], [4, 1], 0, [], 0),
        ];
        using IWeightSource file = Open(old ? PickleBytes.Old(tensors) : PickleBytes.Of(tensors));
        Assert.Equal(["a.weight", "empty", "scalar", "spread", "turned"], file.Weights.Keys.Order());
        Assert.Equal((ScalarType.Float32, 24L), (file.Weights["a.weight"].Type, file.Weights["a.weight"].Bytes));
        Assert.Equal([1, 2, 3, 4, 5, 6], Values("a.weight"));
        Assert.Equal([1, 4, 2, 5, 3, 6], Values("turned")); // columns of [[1, 2, 3], [4, 5, 6]]
        Assert.Equal([7, 7, 7], Values("spread"));
        Assert.Equal([1], Values("scalar")); // 0x3c00 is 1 as a half
        Assert.Empty(Values("empty"));

        float[] Values(string name)
        {
            using Tensor tensor = file.Read(name, ScalarType.Float32);
            return [.. tensor.data<float>()];
        }
    }

    [Fact]
    public void An_old_file_must_hold_the_storages_that_it_lists()
    {
        byte[] whole = PickleBytes.Old(("a", "FloatStorage", [2], [1], 0, GgufBytes.Floats(1, 2), 2));
        Open(whole).Dispose();
        Assert.Contains("cut off", Refused(whole[..^1]), StringComparison.Ordinal);
        byte[] recounted = [.. whole];
        recounted[^16]++; // the storage's count, before its two numbers
        Assert.Contains("not the 2 numbers", Refused(recounted), StringComparison.Ordinal);
        Assert.Contains("cut off", Refused(PickleBytes.Old(("a", "FloatStorage", [2], [1], 0, GgufBytes.Floats(1, 2), int.MaxValue))), StringComparison.Ordinal);
        Assert.Contains("beyond", Refused(PickleBytes.Old(("a", "FloatStorage", [3], [1], 0, GgufBytes.Floats(1, 2), 2))), StringComparison.Ordinal);
        Assert.Contains("big-endian", Refused([.. PickleBytes.OldHead(0x89), .. whole[PickleBytes.OldHead(0x88).Length..]]), StringComparison.Ordinal);
        byte[] head = PickleBytes.OldHead(0x88);
        Assert.Contains("os.system", Refused([.. head, 0x80, 2, .. PickleBytes.Global("os", "system")]), StringComparison.Ordinal);
        Assert.Contains("not listed", Refused([.. head, 0x80, 2, .. "}."u8, 0x80, 2, .. "}."u8]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cos\nsystem\n", "os.system")]
    [InlineData("cbuiltins\neval\n", "builtins.eval")]
    [InlineData("ctorch\nload\n", "torch.load")]
    [InlineData("ctorch._utils\n_rebuild_tensor\n", "torch._utils._rebuild_tensor")]
    [InlineData("(i", "instruction 0x69")] // INST, which calls
    [InlineData("]o", "instruction 0x5d")]
    public void Nothing_else_is_ever_called(string code, string named)
    {
        string message = Refused(PickleBytes.Archive([0x80, 2, .. Encoding.ASCII.GetBytes(code), .. PickleBytes.Text("touch /tmp/evil"), 0x85, .. "R."u8]));
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains("safe_serialization", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, 0, "storage")] // more numbers than the storage has
    [InlineData(2, 1, "beyond")]
    [InlineData(2, -1, "unknown way|beyond")]
    public void A_view_must_lie_in_its_storage(int count, int offset, string says)
    {
        string message = Refused(PickleBytes.Of(("a", "FloatStorage", [2], [1], offset, GgufBytes.Floats(1, 2), count)));
        Assert.Contains(says.Split('|'), word => message.Contains(word, StringComparison.Ordinal));
    }

    [Fact]
    public void Strides_beyond_all_bounds_are_no_allocation()
    {
        Refused(PickleBytes.Of(("a", "FloatStorage", [2, 2], [int.MaxValue, 1], 0, GgufBytes.Floats(1, 2, 3, 4), 4)));
        Refused(PickleBytes.Of(("a", "FloatStorage", [int.MaxValue, int.MaxValue, int.MaxValue], [0, 0, 0], 0, GgufBytes.Floats(1), 1)));
        Refused(PickleBytes.Of(("a", "FloatStorage", [1000], [0], 0, GgufBytes.Floats(1), 1)));
    }

    [Fact]
    public void What_is_no_state_dict_says_so()
    {
        Assert.Contains("dictionary", Refused(PickleBytes.Archive([0x80, 2, .. "N."u8])), StringComparison.Ordinal);
        Assert.Contains("'epoch'", Refused(PickleBytes.Archive([0x80, 2, .. "}"u8, .. PickleBytes.Text("epoch"), .. "K\x05s."u8])), StringComparison.Ordinal);
        Assert.Contains("torch.save", Refused([0x80, 2, 0x8a, 10]), StringComparison.Ordinal);
        Assert.Contains("LFS", Refused("version https://git-lfs.github.com/spec/v1"u8.ToArray()), StringComparison.Ordinal);
        Assert.Contains("damaged", Refused([.. "PK\x03\x04"u8, .. new byte[100]]), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_folder_may_have_nothing_else()
    {
        using Pretrained made = TinyFamilies.Load("llama");
        made.Write(_folder.Path, long.MaxValue);
        (string, string, int[], int[], int, byte[], int)[] tensors;
        using (SafetensorsFile file = SafetensorsFile.Open(_folder["model.safetensors"]))
        {
            tensors = [.. file.Weights.Values.Select(weight =>
            {
                using Tensor values = file.Read(weight.Name, ScalarType.Float32);
                float[] numbers = [.. values.data<float>()];
                int[] shape = [.. weight.Shape.Select(size => (int)size)], strides = [.. values.stride().Select(step => (int)step)];
                return (weight.Name, "FloatStorage", shape, strides, 0, GgufBytes.Floats(numbers), numbers.Length);
            })];
        }

        File.Delete(_folder["model.safetensors"]);
        int half = tensors.Length / 2;
        _folder.Write("one.bin", PickleBytes.Of(tensors[..half]));
        _folder.Write("two.bin", PickleBytes.Of(tensors[half..]));
        Dictionary<string, string> files = tensors.Select((tensor, i) => (tensor.Item1, File: i < half ? "one.bin" : "two.bin")).ToDictionary(pair => pair.Item1, pair => pair.File);
        _folder.Write("pytorch_model.bin.index.json", JsonSerializer.SerializeToUtf8Bytes(new { weight_map = files }));
        using Pretrained shards = Pretrained.FromFolder(_folder.Path, device: TestDevice.Device);
        _folder.Write("pytorch_model.bin", PickleBytes.Of(tensors));
        using Pretrained single = Pretrained.FromFolder(_folder.Path, device: TestDevice.Device);
        foreach (((_, var want), ((_, var first), (_, var second))) in made.Model.NamedParameters.Zip(shards.Model.NamedParameters.Zip(single.Model.NamedParameters)))
        {
            TensorAssert.Same(want, first);
            TensorAssert.Same(want, second);
        }
    }

    private IWeightSource Open(byte[] content) => PickleFile.Open(_folder.Write("pytorch_model.bin", content));

    private string Refused(byte[] content)
    {
        CheckpointException error = Assert.Throws<CheckpointException>(() => Open(content));
        Assert.Contains("pytorch_model.bin", error.Message, StringComparison.Ordinal);
        return error.Message;
    }
}
