using System.Text;
using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>Files are read into and written from the memory of the host: nothing here is on the test device.</summary>
public sealed class WeightFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shards_follow_the_given_order_and_the_index_says_where_everything_is()
    {
        using Tensor four = tensor(new float[] { 1, 2, 3, 4 });
        using Tensor two = tensor(new float[] { 5, 6 });
        // 16, 8, 8, 16 bytes with at most 24 in a file: 16 + 8 | 8 + 16.
        WeightFolder.Write(_folder.Path, [PendingWeight.Of("d", four), PendingWeight.Of("c", two), PendingWeight.Of("b", two), PendingWeight.Of("a", four)], 24);

        Assert.Equal(
            ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"],
            Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(
            """
            {
              "metadata": {
                "total_parameters": 12,
                "total_size": 48
              },
              "weight_map": {
                "a": "model-00002-of-00002.safetensors",
                "b": "model-00002-of-00002.safetensors",
                "c": "model-00001-of-00002.safetensors",
                "d": "model-00001-of-00002.safetensors"
              }
            }

            """,
            File.ReadAllText(_folder["model.safetensors.index.json"]),
            ignoreLineEndingDifferences: true);
        using IWeightSource source = WeightFolder.Open(_folder.Path);
        Assert.Equal(["a", "b", "c", "d"], source.Weights.Keys.Order());
        using Tensor a = source.Read("a");
        using Tensor c = source.Read("c");
        Assert.Equal([1f, 2f, 3f, 4f], a.data<float>().ToArray());
        Assert.Equal([5f, 6f], c.data<float>().ToArray());
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(long.MaxValue, 1)]
    public void A_tensor_is_never_split_and_one_file_needs_no_index(long maxShardBytes, int files)
    {
        using Tensor two = tensor(new float[] { 5, 6 });
        WeightFolder.Write(_folder.Path, [.. "abcd".Select(name => PendingWeight.Of(name.ToString(), two))], maxShardBytes);
        Assert.Equal(files, Directory.GetFiles(_folder.Path, "*.safetensors").Length);
        Assert.Equal(files > 1, File.Exists(_folder["model.safetensors.index.json"]));
        using IWeightSource source = WeightFolder.Open(_folder.Path);
        Assert.Equal(4, source.Weights.Count);
    }

    [Fact]
    public void The_index_decides_between_copies()
    {
        Shard("one.safetensors", ("a", 1), ("b", 2), ("unknown", 3));
        Shard("two.safetensors", ("a", 10), ("b", 20));
        Index("""{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}""");
        using IWeightSource source = WeightFolder.Open(_folder.Path);
        using Tensor a = source.Read("a");
        using Tensor b = source.Read("b");
        Assert.Equal((1f, 20f, 2), (a.ToSingle(), b.ToSingle(), source.Weights.Count));
    }

    [Fact]
    public void A_tensor_that_is_not_in_its_shard_is_missing_even_where_another_has_it()
    {
        Shard("one.safetensors", ("a", 1), ("b", 2));
        Shard("two.safetensors", ("c", 3));
        Index("""{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}""");
        Assert.Contains("b (two.safetensors)", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_shards_are_listed()
    {
        Index("""{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}""");
        Assert.Contains("one.safetensors, two.safetensors", Refused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../one.safetensors")]
    [InlineData("..\\\\one.safetensors")]
    [InlineData("sub\\\\..\\\\..\\\\one.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("C:\\\\one.safetensors")]
    [InlineData("C:one.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("one\\u0000.safetensors")]
    public void A_shard_may_not_leave_the_folder(string name)
    {
        Index("{\"weight_map\":{\"a\":\"" + name + "\"}}");
        Assert.Contains("plain file name", Refused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "damaged")]
    [InlineData("[]", "no weight_map")]
    [InlineData("""{"weight_map":[]}""", "no weight_map")]
    [InlineData("""{"weight_map":{"a":1}}""", "no string")]
    [InlineData("""{"weight_map":{"a":"x","a":"y"}}""", "twice")]
    [InlineData("""{"weight_map":{"a":"\ud800"}}""", "damaged")]
    public void A_damaged_index_is_refused(string text, string reason)
    {
        Index(text);
        Assert.Contains(reason, Refused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pytorch_model.bin", "no file of torch.save")]
    [InlineData("pytorch_model.bin", "convert it")]
    [InlineData("pytorch_model.bin.index.json", "the index is damaged")]
    [InlineData("tf_model.h5", "convert it")]
    public void Other_formats_are_refused_with_advice(string file, string reason)
    {
        _folder.Write(file, 0x80, 0x02);
        string message = Refused();
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_and_a_missing_folder_are_named()
    {
        Assert.Contains("no weights", Refused(), StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => WeightFolder.Open(_folder["none"]));
    }

    private string Refused() => Assert.Throws<CheckpointException>(() => WeightFolder.Open(_folder.Path)).Message;

    private void Index(string text) => _folder.Write("model.safetensors.index.json", Encoding.UTF8.GetBytes(text));

    private void Shard(string name, params (string Name, float Value)[] tensors)
    {
        using IDisposable scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder[name], [.. tensors.Select(entry => PendingWeight.Of(entry.Name, tensor(entry.Value)))]);
    }
}
