using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>The weights of every model folder survive being written again, in one file and in several, bit for bit.</summary>
[Trait("Kind", "Models")]
public sealed class CheckpointTests : IDisposable
{
    private const string None = "(no model folder)";
    private readonly string _folder = Directory.CreateTempSubdirectory("llmcourse-").FullName;

    public static TheoryData<string> Models() =>
        new(Shared.Folders("models").Select(folder => Path.GetFileName(folder)!).DefaultIfEmpty(None));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void Weights_written_again_are_the_same_bits(string model)
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        Skip.If(model == None, None);
        string folder = Path.Combine(Shared.Root!, "models", model);
        Skip.IfNot(Directory.EnumerateFiles(folder, "*.safetensors").Any(), "the folder has no weights");
        using IWeightSource original = WeightFolder.Open(folder);
        PendingWeight[] weights = [.. original.Weights.Values.Select(weight => new PendingWeight(weight.Name, weight.Type, weight.Shape, () => original.Read(weight.Name)))];
        foreach (long maxShardBytes in (long[])[long.MaxValue, Math.Max(1, weights.Sum(weight => weight.Bytes) / 3)])
        {
            string target = Path.Combine(_folder, maxShardBytes.ToString(provider: null));
            Directory.CreateDirectory(target);
            WeightFolder.Write(target, weights, maxShardBytes);
            using IWeightSource copy = WeightFolder.Open(target);
            Assert.Equal(original.Weights.Keys.Order(), copy.Weights.Keys.Order());
            Assert.All(weights, weight => AssertSameBits(weight.Name, original, copy));
        }
    }

    private static void AssertSameBits(string name, IWeightSource first, IWeightSource second)
    {
        using Tensor expected = first.Read(name);
        using Tensor actual = second.Read(name);
        Assert.Equal((expected.dtype, string.Join(',', expected.shape)), (actual.dtype, string.Join(',', actual.shape)));
        Assert.True(expected.bytes.SequenceEqual(actual.bytes), name);
    }
}
