using LlmCourse.Checkpoints;
using LlmCourse.Checkpoints.Hub;

namespace LlmCourse.Tests.Checkpoints.Hub;

/// <summary>Downloads from a hub that behaves.</summary>
public sealed class HubDownloadTests : HubTest
{
    [Fact]
    public async Task What_is_needed_comes_into_theCache_in_the_usual_shape()
    {
        string folder = await Load();

        Assert.Equal(Cache[Snapshot], folder);
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
        Assert.Equal(HubServer.Commit, File.ReadAllText(Cache["models--acme--tiny/refs/main"]));
        foreach (string file in Directory.GetFiles(folder))
        {
            string tag = Server.ETag(Path.GetFileName(file));
            Assert.Equal(Server.Files[Path.GetFileName(file)], File.ReadAllBytes(file));
            Assert.Equal($"../../blobs/{tag}", new FileInfo(file).LinkTarget?.Replace('\\', '/'));
            Assert.True(File.Exists(Cache[$".locks/models--acme--tiny/{tag}.lock"]));
        }

        Assert.Equal(3, Directory.GetFiles(Cache["models--acme--tiny/blobs"]).Length); // and nothing left over
        Assert.All(Server.Requests, request => Assert.Equal("Bearer secret", request.Authorization));
        Assert.Empty(Time.Pauses);
    }

    [Fact]
    public async Task The_secondTime_takes_one_request_and_a_commit_none()
    {
        await Load();
        int before = Server.Requests.Count;
        await Load();
        Assert.Equal("/api/models/acme/tiny/revision/main", Server.Requests.Skip(before).Single().Path);
        await Load($"acme/tiny@{HubServer.Commit}");
        await Load(settings: Settings with { IsOffline = true });
        Assert.Equal(before + 1, Server.Requests.Count);
    }

    [Fact]
    public async Task Only_what_is_missing_is_asked_for()
    {
        string folder = await Load();
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        int before = Server.Requests.Count;
        await Load();
        Assert.Equal(["GET", "HEAD"], Server.Requests.Skip(before).Select(request => request.Method)); // its blob is still there
        Assert.Equal("{}", File.ReadAllText(Path.Combine(folder, "tokenizer.json")));
    }

    [Fact]
    public async Task A_commit_is_asked_about_until_it_is_known_to_have_no_more()
    {
        string commit = $"acme/tiny@{HubServer.Commit}", folder = await Load(commit);
        Assert.True(HubCache.IsKnownAbsent(folder, "generation_config.json"));
        Assert.False(HubCache.IsKnownAbsent(folder, "config.json"));
        // As another program leaves it that wanted the model alone.
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        await Load(commit);
        Assert.True(File.Exists(Path.Combine(folder, "tokenizer.json")));
        int before = Server.Requests.Count;
        await Load(commit);
        Assert.Equal(before, Server.Requests.Count);
        Directory.Delete(Cache["models--acme--tiny/.no_exist"], recursive: true);
        Server.Disturb = context => HubServer.Refuse(context, 404, "RepoNotFound");
        Assert.Equal(folder, await Load(commit)); // there is a model, though the hub has it no more
    }

    [Theory]
    [InlineData("pytorch_model.bin")] // another program's choice
    [InlineData("two.safetensors")] // what an interrupted download left
    public async Task Weights_that_are_there_in_part_are_not_taken_for_all(string there)
    {
        Server.Files.Remove("model.safetensors");
        Server.Files["model.safetensors.index.json"] = """{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}"""u8.ToArray();
        Server.Files["one.safetensors"] = [1];
        Server.Files["two.safetensors"] = [2];
        string commit = $"acme/tiny@{HubServer.Commit}", folder = Directory.CreateDirectory(Cache[Snapshot]).FullName;
        foreach (string file in (string[])["config.json", "model.safetensors.index.json", there])
            File.WriteAllBytes(Path.Combine(folder, file), Server.Files[file]);
        await Load(commit);
        Assert.Equal([1], File.ReadAllBytes(Path.Combine(folder, "one.safetensors")));
        Assert.Equal([2], File.ReadAllBytes(Path.Combine(folder, "two.safetensors")));
    }

    [Fact]
    public async Task A_configuration_comes_alone()
    {
        HubId id = HubId.Parse(HubServer.Model, null);
        string folder = await HubDownload.ConfigurationAsync(id, Settings, default);
        Assert.Equal([Path.Combine(folder, "config.json")], Directory.GetFiles(folder));
        Assert.Equal(["GET", "HEAD", "GET"], Server.Requests.Select(request => request.Method));
        Assert.False(Directory.Exists(Cache["models--acme--tiny/refs"])); // the branch may stand for a complete commit
        int before = Server.Requests.Count;
        await HubDownload.ConfigurationAsync(id with { Revision = HubServer.Commit }, Settings, default);
        Assert.Equal(before, Server.Requests.Count);
        await Load(); // what is there is not taken for the model
        Assert.True(File.Exists(Path.Combine(folder, "model.safetensors")));
        await Server.DisposeAsync();
        Assert.Equal(folder, await HubDownload.ConfigurationAsync(id, Settings, default));
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_read()
    {
        string folder = await Load();
        Directory.Delete(Cache["models--acme--tiny/.no_exist"], recursive: true);
        File.WriteAllText(Cache["models--acme--tiny/.no_exist"], "no folder can be made here");
        File.WriteAllText(Cache["models--acme--tiny/refs/main"], HubServer.Commit + "\n"); // as other programs may write it
        Directory.Delete(Cache[".locks"], recursive: true);
        File.WriteAllText(Cache[".locks"], "nor here");
        Assert.Equal(folder, await Load());
        Assert.Equal(HubServer.Commit + "\n", File.ReadAllText(Cache["models--acme--tiny/refs/main"]));
    }

    [Fact]
    public async Task Parts_of_a_gguf_file_come_with_the_first()
    {
        for (int part = 1; part <= 3; part++)
            Server.Files[$"q/x-0000{part}-of-00003.gguf"] = [(byte)part];
        string file = await Load("acme/tiny/q/x-00001-of-00003.gguf");
        Assert.Equal(["x-00001-of-00003.gguf", "x-00002-of-00003.gguf", "x-00003-of-00003.gguf"], Directory.GetFiles(Path.GetDirectoryName(file)!).Select(Path.GetFileName).Order());
        int before = Server.Requests.Count;
        Assert.Equal(file, await Load($"acme/tiny/q/x-00001-of-00003.gguf@{HubServer.Commit}"));
        Assert.Equal(before, Server.Requests.Count);
        File.Delete(Path.Combine(Path.GetDirectoryName(file)!, "x-00003-of-00003.gguf"));
        await Load($"acme/tiny/q/x-00001-of-00003.gguf@{HubServer.Commit}");
        Assert.Equal(3, Directory.GetFiles(Path.GetDirectoryName(file)!).Length);
        Assert.Contains("acme/tiny/q/x-00001-of-00003.gguf", await Fails("acme/tiny/q/x-00002-of-00003.gguf"), StringComparison.Ordinal);
        Server.Files.Remove("q/x-00002-of-00003.gguf");
        Directory.Delete(Cache["models--acme--tiny"], recursive: true);
        Assert.Contains("'q/x-00002-of-00003.gguf'", await Fails("acme/tiny/q/x-00001-of-00003.gguf"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shards_follow_their_index()
    {
        Server.Files.Remove("model.safetensors");
        Server.Files["model.safetensors.index.json"] = """{"weight_map":{"a":"one.safetensors","b":"two.safetensors","c":"one.safetensors"}}"""u8.ToArray();
        Server.Files["one.safetensors"] = [1, 1];
        Server.Files["two.safetensors"] = [2];
        Server.Files["three.safetensors"] = [3];
        string folder = await Load();
        Assert.Equal([1, 1], File.ReadAllBytes(Path.Combine(folder, "one.safetensors")));
        Assert.False(File.Exists(Path.Combine(folder, "three.safetensors")));
        Server.Files.Remove("two.safetensors");
        Directory.Delete(Cache["models--acme--tiny"], recursive: true);
        Assert.Contains("two.safetensors", await Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gguf_file_comes_when_it_is_named()
    {
        Server.Files["sub/x.Q4_0.gguf"] = [7, 8];
        string file = await Load("acme/tiny/sub/x.Q4_0.gguf");
        Assert.Equal(Cache[$"{Snapshot}/sub/x.Q4_0.gguf"], file);
        Assert.Equal("../../../blobs/" + Server.ETag("sub/x.Q4_0.gguf"), new FileInfo(file).LinkTarget?.Replace('\\', '/'));
        Assert.Equal([7, 8], File.ReadAllBytes(file));
        Assert.False(File.Exists(Cache[$"{Snapshot}/config.json"]));
        Assert.Contains("acme/tiny/sub/x.Q4_0.gguf", await Fails("acme/tiny/y.gguf"), StringComparison.Ordinal);
        Server.Files.Remove("config.json");
        Assert.Contains("acme/tiny/sub/x.Q4_0.gguf", await Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_counts_bytes_of_all_files()
    {
        List<LoadProgress> heard = [];
        await HubDownload.RunAsync(HubId.Parse(HubServer.Model, null), Settings, new Collector(heard), default);
        long total = new[] { "config.json", "tokenizer.json", "model.safetensors" }.Sum(file => (long)Server.Files[file].Length);
        Assert.All(heard, now => Assert.Equal((total, true), (now.Total, now.IsDownload)));
        Assert.Equal(heard.Select(now => now.Loaded).Order(), heard.Select(now => now.Loaded));
        Assert.Equal(total, heard[^1].Loaded);
    }

    [Fact]
    public async Task A_repository_that_has_moved_is_found()
    {
        Server.Disturb = context =>
        {
            if (!context.Request.Path.Value!.Contains("/old/", StringComparison.Ordinal))
                return Task.FromResult(false);
            context.Response.Headers.Location = context.Request.Path.Value.Replace("/old/", "/acme/", StringComparison.Ordinal);
            return HubServer.Refuse(context, 307);
        };
        Assert.Equal(Cache[$"models--old--tiny/snapshots/{HubServer.Commit}"], await Load("old/tiny"));
    }

    [Fact]
    public async Task Two_at_once_download_everything_once()
    {
        Server.Disturb = async context =>
        {
            if (context.Request.Method == "GET" && context.Request.Path.Value!.EndsWith("safetensors", StringComparison.Ordinal))
                await Task.Delay(100);
            return false;
        };
        string[] folders = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Load())));
        Assert.All(folders, folder => Assert.Equal(Cache[Snapshot], folder));
        Assert.Equal(Server.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folders[0], "model.safetensors")));
        Assert.Single(Server.Requests, request => request.Method == "GET" && request.Path.EndsWith("safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_links_are_impossible_the_files_themselves_stand_in_the_snapshot()
    {
        HubSettings settings = Settings with { Links = false };
        string folder = await Load(settings: settings);
        Assert.Null(new FileInfo(Path.Combine(folder, "config.json")).LinkTarget);
        Assert.Equal(Server.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Empty(Directory.GetFiles(Cache["models--acme--tiny/blobs"])); // not twice
        int before = Server.Requests.Count;
        await Load(settings: settings);
        Assert.Equal(before + 1, Server.Requests.Count);
    }

    [Fact]
    public async Task Without_a_network_a_model_that_is_complete_still_loads()
    {
        string folder = await Load();
        await Server.DisposeAsync();
        Assert.Equal(folder, await Load());
        Assert.Empty(Time.Pauses);
        File.Delete(Path.Combine(folder, "model.safetensors"));
        Assert.Contains("HF_HUB_OFFLINE", await Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Offline_means_no_request()
    {
        CheckpointException error = await Assert.ThrowsAsync<CheckpointException>(() => Load(settings: Settings with { IsOffline = true }));
        Assert.Contains("HF_HUB_OFFLINE", error.Message, StringComparison.Ordinal);
        Assert.Empty(Server.Requests);
    }

    private sealed class Collector(List<LoadProgress> heard) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => heard.Add(value);
    }
}
