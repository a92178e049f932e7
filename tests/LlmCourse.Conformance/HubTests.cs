using System.Formats.Tar;
using System.IO.Compression;
using LlmCourse.Checkpoints;

namespace LlmCourse.Conformance;

/// <summary>The cache folder that Hugging Face's own client wrote: every model in it is found by its name.</summary>
[Trait("Kind", "Models")]
public sealed class HubTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llmcourse-hub-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public void Models_of_a_genuine_cache_resolve_to_their_snapshots()
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        string archive = Path.Combine(Shared.Root!, "hub", "cache.tar.gz");
        Skip.IfNot(File.Exists(archive), "no hub/cache.tar.gz");
        using (FileStream stream = File.OpenRead(archive))
        using (GZipStream unpacked = new(stream, CompressionMode.Decompress))
            TarFile.ExtractToDirectory(unpacked, _folder, overwriteFiles: false); // symbolic links stay links

        string[] models = Directory.GetDirectories(_folder, "models--*", SearchOption.AllDirectories)
            .Where(folder => Directory.Exists(Path.Combine(folder, "snapshots"))).ToArray();
        Assert.NotEmpty(models);
        foreach (string model in models)
        {
            HubCache cache = HubCache.FromEnvironment(name => name == "HF_HUB_CACHE" ? Path.GetDirectoryName(model) : null);
            string id = Path.GetFileName(model)["models--".Length..].Replace("--", "/", StringComparison.Ordinal);
            foreach (string reference in Directory.EnumerateFiles(Path.Combine(model, "refs")))
            {
                string snapshot = cache.Resolve(id, Path.GetFileName(reference));
                string commit = File.ReadAllText(reference).Trim();
                Assert.Equal(Path.Combine(model, "snapshots", commit), snapshot);
                Assert.Equal(snapshot, cache.Resolve($"{id}@{commit}"));
                using IWeightSource weights = WeightFolder.Open(snapshot);
                Assert.NotEmpty(weights.Weights);
                string absences = Path.Combine(model, ".no_exist", commit);
                if (Directory.Exists(absences))
                    Assert.All(Directory.EnumerateFiles(absences), absent => Assert.True(HubCache.IsKnownAbsent(snapshot, Path.GetFileName(absent))));
                Assert.False(HubCache.IsKnownAbsent(snapshot, "config.json"));
            }
        }
    }
}
