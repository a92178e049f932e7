using LlmCourse.Checkpoints;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>What is read and written leaves no tensor behind, which would keep its memory until somebody collects garbage.</summary>
[Collection(ProcessWide.Name)]
public sealed class LiveTensorsTests
{
    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Folders(string name)
    {
        using TemporaryFolder place = new();
        ProcessWide.LeavesNoTensorsToCollect(() =>
        {
            Directory.CreateDirectory(place["made"]);
            using (Pretrained made = Pretrained.FromConfig(TinyFamilies.Config(name), 1, device: TestDevice.Device))
                made.Write(place["made"], long.MaxValue);
            foreach (ScalarType type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
            {
                using Pretrained loaded = Pretrained.FromFolder(place["made"], type, TestDevice.Device);
                loaded.Reload(place["made"]);
            }
        });
    }

    [SkippableTheory]
    [InlineData("llama")] // pairs rows
    [InlineData("gemma")] // adds one to norms
    [InlineData("gpt2")] // is turned
    public void Gguf_files(string architecture)
    {
        using TemporaryFolder place = new();
        File.WriteAllBytes(place["a.gguf"], GgufModelBytes.Tiny(architecture).Build());
        ProcessWide.LeavesNoTensorsToCollect(() =>
        {
            using GgufModel model = GgufModel.Open(place["a.gguf"]);
            Pretrained.From(model.Config, model, "a.gguf", ScalarType.Float32, TestDevice.Device).Dispose();
        });
    }

    [SkippableFact]
    public void Pickles()
    {
        using TemporaryFolder place = new();
        File.WriteAllBytes(place["a.bin"], PickleBytes.Of(("a", "FloatStorage", [2, 3], [1, 2], 0, GgufBytes.Floats(1, 2, 3, 4, 5, 6), 6)));
        ProcessWide.LeavesNoTensorsToCollect(() =>
        {
            using IWeightSource file = PickleFile.Open(place["a.bin"]);
            using Tensor read = file.Read("a", ScalarType.Float32);
        });
    }
}
