using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

public sealed class GgufPartsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(20)] // the last ones have no tensors
    public void A_split_model_is_the_same_as_a_whole_one(int count)
    {
        GgufBytes bytes = GgufModelBytes.Tiny("llama");
        using GgufModel whole = GgufModel.Open(_folder.Write("whole.gguf", bytes.Build()));
        string[] paths = Write(bytes.Split(count));
        using GgufModel split = GgufModel.Open(paths[0]);
        Assert.Equal(whole.Config.GetRawText(), split.Config.GetRawText());
        Assert.Equal(whole.Weights.Keys.Order(), split.Weights.Keys.Order());
        foreach (string name in whole.Weights.Keys)
        {
            using Tensor expected = whole.Read(name), found = split.Read(name);
            TensorAssert.Same(expected, found);
            Assert.True(split.File.CanRead(split.File.Weights.Keys.First()));
        }
    }

    [Fact]
    public void Parts_that_are_not_there_are_named()
    {
        string[] paths = Write(GgufModelBytes.Tiny("llama").Split(3));
        File.Delete(paths[1]);
        string message = Refused(paths[0]);
        Assert.Contains("1 of the 3 parts", message, StringComparison.Ordinal);
        Assert.Contains("x-00002-of-00003.gguf", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_than_the_first_part_is_refused_with_its_name()
    {
        string[] paths = Write(GgufModelBytes.Tiny("llama").Split(3));
        string message = Refused(paths[2]);
        Assert.Contains("part 3", message, StringComparison.Ordinal);
        Assert.Contains("x-00001-of-00003.gguf", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x.gguf")]
    [InlineData("x-00002-of-00003.gguf")]
    [InlineData("x-00001-of-00002.gguf")]
    public void The_name_has_to_say_what_the_metadata_says(string name)
    {
        string path = _folder.Write(name, GgufModelBytes.Tiny("llama").Split(3)[0]);
        string message = Refused(path);
        Assert.Contains("name-00001-of-00003.gguf", message, StringComparison.Ordinal);
        Assert.Contains("llama-gguf-split --merge", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_of_different_files_are_not_mixed()
    {
        byte[][] parts = GgufModelBytes.Tiny("llama").Split(2);
        string[] paths = Write([parts[0], new GgufBytes().Build()]);
        Assert.Contains("no part 2 of 2", Refused(paths[0]), StringComparison.Ordinal); // a whole file in its place
        paths = Write([parts[0], new GgufBytes().SplitKeys(1, 2, 99).Build()]);
        Assert.Contains("no part 2 of 2", Refused(paths[0]), StringComparison.Ordinal); // another count of tensors
        paths = Write([parts[0], parts[0]]);
        Assert.Contains("earlier part", Refused(paths[0]), StringComparison.Ordinal);
        byte[] first = new GgufBytes().SplitKeys(0, 2, 2).Tensor("a", 0, [1], GgufBytes.Floats(1)).Build();
        paths = Write([first, new GgufBytes().SplitKeys(1, 2, 2).Build()]);
        Assert.Contains("speaks of 2", Refused(paths[0]), StringComparison.Ordinal); // one tensor is lost
    }

    [Theory]
    [InlineData("a/x-00001-of-00003.gguf", 1, 3)]
    [InlineData("x-00003-of-00003.gguf", 3, 3)]
    [InlineData("x-00004-of-00003.gguf", 0, 0)]
    [InlineData("x-00000-of-00003.gguf", 0, 0)]
    [InlineData("x-1-of-3.gguf", 0, 0)]
    [InlineData("x-00001-of-00003.gguf.part", 0, 0)]
    public void Names_of_parts(string name, int number, int count)
    {
        GgufPart? part = GgufPart.Of(name);
        Assert.Equal((number, count), (part?.Number ?? 0, part?.Count ?? 0));
        if (part is not null)
            Assert.Equal((name, count), (part.All().ElementAt(number - 1), part.All().Count()));
    }

    private string[] Write(byte[][] parts) => [.. parts.Select((part, i) => _folder.Write($"x-{i + 1:D5}-of-{parts.Length:D5}.gguf", part))];

    private static string Refused(string path) => Assert.Throws<CheckpointException>(() => GgufParts.Open(path)).Message;
}
