using System.Diagnostics;
using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>Damaged files, as <c>gguf/malformed/cases.json</c> lists them, and valid ones that look odd.</summary>
[Trait("Kind", "Malformed")]
public sealed class MalformedTests
{
    private const string None = "(no gguf/malformed/cases.json)";
    private const long AllocationLimit = 16 << 20;

    private static string Folder => Path.Combine(Shared.Root ?? "", "gguf", "malformed");

    public static TheoryData<string> Malformed() => Names("malformed");

    public static TheoryData<string> Valid() => Names("valid");

    [SkippableTheory]
    [MemberData(nameof(Malformed))]
    public void Damaged_file_is_refused_with_its_name(string file)
    {
        JsonElement entry = Require("malformed", file);
        string path = Path.Combine(Folder, file);
        // Whatever is loaded and compiled for the first time is not this file's doing.
        Assert.Throws<CheckpointException>(() => Read(path + ".absent"));

        long before = GC.GetAllocatedBytesForCurrentThread();
        Stopwatch watch = Stopwatch.StartNew();
        Exception? error = Record.Exception(() => Read(path));

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"took {watch.Elapsed}");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, AllocationLimit);
        if (error is null)
            Assert.False(entry.GetProperty("required").GetBoolean(), $"accepted, though {entry.GetProperty("wrong").GetString()}");
        else
            Assert.Contains(file, Assert.IsAssignableFrom<LlmException>(error).Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [MemberData(nameof(Valid))]
    public void Unusual_but_valid_file_is_read(string file)
    {
        JsonElement entry = Require("valid", file);
        using IWeightSource source = Open(Path.Combine(Folder, file));
        JsonElement tensors = entry.GetProperty("tensors");
        Assert.Equal(tensors.EnumerateObject().Select(tensor => tensor.Name).Order(), source.Weights.Keys.Order());
        foreach (JsonProperty tensor in tensors.EnumerateObject())
        {
            using Tensor actual = source.Read(tensor.Name);
            if (tensor.Value.ValueKind == JsonValueKind.Array && tensor.Value.GetArrayLength() == 0)
                Assert.Equal(0, actual.numel()); // a list cannot say which of several dimensions is empty
            else
                TensorValues.AssertEqual(tensor.Value, actual);
        }
    }

    private static IWeightSource Open(string path) =>
        path.EndsWith(".gguf", StringComparison.Ordinal) ? GgufFile.Open(path) : SafetensorsFile.Open(path);

    private static void Read(string path)
    {
        using IWeightSource source = Open(path);
        foreach (string name in source.Weights.Keys)
            source.Read(name).Dispose();
    }

    private static TheoryData<string> Names(string list) =>
        new(Entries(list).Select(entry => entry.GetProperty("file").GetString()!).DefaultIfEmpty(None));

    private static JsonElement Require(string list, string file)
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        Skip.If(file == None, None);
        Skip.IfNot(File.Exists(Path.Combine(Folder, file)), "the file itself is absent");
        return Entries(list).Single(entry => entry.GetProperty("file").GetString() == file);
    }

    private static JsonElement.ArrayEnumerator Entries(string list) =>
        File.Exists(Path.Combine(Folder, "cases.json")) && Shared.Json(Folder, "cases.json").TryGetProperty(list, out JsonElement entries)
            ? entries.EnumerateArray()
            : default;
}
