using System.Text.Json;
using LlmCourse.Checkpoints;

namespace LlmCourse.Conformance;

/// <summary>The buckets of T5's relative positions, as transformers computes them.</summary>
[Trait("Kind", "LogitsProcessors")]
public sealed class RelativePositionTests
{
    private const string None = Cases.None;

    private static string Base => Path.Combine(Shared.Root ?? "", "logits-processors", "t5_relative_position_bucket");

    public static TheoryData<string> Names()
    {
        TheoryData<string> names = [];
        if (File.Exists(Base + ".json"))
            names.AddRange([.. Entries().Select(entry => entry.GetProperty("name").GetString()!)]);
        else
            names.Add(None);
        return names;
    }

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Buckets_equal_the_reference(string name)
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        Skip.If(name == None, "no t5_relative_position_bucket.json under the root");
        JsonElement entry = Entries().Single(candidate => candidate.GetProperty("name").GetString() == name);
        using SafetensorsFile file = SafetensorsFile.Open(Base + ".safetensors");
        using var distances = file.Read("relative_position");
        using var expected = file.Read(name);
        int[] buckets = [.. distances.data<long>().Select(distance => RelativeBias.Bucket(
            (int)distance, entry.GetProperty("bidirectional").GetBoolean(), entry.GetProperty("num_buckets").GetInt32(), entry.GetProperty("max_distance").GetInt32()))];
        Assert.Equal(expected.data<long>().ToArray(), buckets.Select(bucket => (long)bucket));
    }

    private static JsonElement.ArrayEnumerator Entries() => Shared.Json(Base + ".json").EnumerateArray();
}
