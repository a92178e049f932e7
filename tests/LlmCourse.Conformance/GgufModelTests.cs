using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>
/// Models in GGUF files: every <c>gguf/*-logits.safetensors</c> has, for each type it names, the logits of the model in
/// <c>*-TYPE.gguf</c> on the prompt in its metadata.
/// </summary>
[Trait("Kind", "Gguf")]
public sealed class GgufModelTests
{
    private const string None = "(no gguf/*-logits.safetensors)";
    private const string Suffix = "-logits.safetensors";
    private const double LogitTolerance = 1e-4;

    private static string Folder => Path.Combine(Shared.Root ?? "", "gguf");

    public static TheoryData<string> Files()
    {
        TheoryData<string> files = [];
        string[] paths = Directory.Exists(Folder) ? Directory.GetFiles(Folder, "*" + Suffix) : [];
        foreach (string path in paths.Order(StringComparer.Ordinal))
        {
            using SafetensorsFile logits = SafetensorsFile.Open(path);
            foreach (string type in logits.Weights.Keys.Order(StringComparer.Ordinal))
                files.Add($"{Path.GetFileName(path)[..^Suffix.Length]}-{type}.gguf");
        }

        if (files.Count == 0)
            files.Add(None);
        return files;
    }

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public void Logits_equal_the_reference(string file)
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        Skip.If(file == None, None);
        ModelFixture.RequireDevice();
        string path = Path.Combine(Folder, file);
        Skip.IfNot(File.Exists(path), "the file itself is absent");
        int dash = file.LastIndexOf('-');
        string type = file[(dash + 1)..^".gguf".Length];
        using SafetensorsFile logits = SafetensorsFile.Open(Path.Combine(Folder, file[..dash] + Suffix));
        using GgufModel source = GgufModel.Open(path);
        string? unread = source.File.Weights.Keys.FirstOrDefault(name => !source.File.CanRead(name));
        Skip.If(unread is not null, $"{file}: tensors of type {(unread is null ? "" : source.File.Weights[unread].Storage)} are not supported yet");

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Pretrained pretrained = Pretrained.From(source.Config, source, path, ScalarType.Float32, ModelFixture.Device);
        int[] prompt = JsonSerializer.Deserialize<int[]>(logits.Metadata["prompt"])!;
        using Batch batch = new(Sequences.FromRows([prompt], device: ModelFixture.Device));
        Tensor got = pretrained.Model.Logits(batch).squeeze(0).cpu(), want = logits.Read(type);
        Assert.Equal(want.shape, got.shape);
        double worst = got.sub(want).abs().max().Number();
        Assert.True(worst <= LogitTolerance, $"largest difference {worst:g3}, tolerance {LogitTolerance:g3}");
    }
}
