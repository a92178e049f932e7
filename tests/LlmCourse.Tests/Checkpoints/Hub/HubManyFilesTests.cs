using System.Diagnostics;
using System.Net;
using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Checkpoints.Hub;
using Microsoft.AspNetCore.Http;

namespace LlmCourse.Tests.Checkpoints.Hub;

/// <summary>The files of one model come at once.</summary>
public sealed class HubManyFilesTests : HubTest
{
    private const int ShardBytes = 300_000;

    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;

    private static bool IsContent(HttpContext context) =>
        context.Request.Method == "GET" && context.Request.Path.Value!.Contains("/resolve/", StringComparison.Ordinal) && !IsIndex(context);

    private static bool IsIndex(HttpContext context) => context.Request.Path.Value!.EndsWith("index.json", StringComparison.Ordinal);

    private static string Name(HttpContext context) => context.Request.Path.Value!.Split('/')[^1];

    [Theory]
    [InlineData(4, 6)] // with configuration and tokenizer
    [InlineData(20, 8)]
    public async Task As_many_as_eight_at_once(int shards, int together)
    {
        Shard(shards);
        int most = 0;
        // No file is sent before so many are asked for: one after the other, none would ever come.
        Server.Disturb = async context =>
        {
            if (!IsContent(context))
                return false;
            int now = Interlocked.Increment(ref _waiting);
            InterlockedMax(ref most, now);
            if (now == together)
            {
                await Task.Delay(100); // for one too many
                _open.TrySetResult();
            }

            await _open.Task.WaitAsync(TimeSpan.FromMinutes(1));
            Interlocked.Decrement(ref _waiting);
            return false;
        };
        string folder = await Load();
        Assert.Equal(together, most);
        Assert.All(Server.Files.Keys.Where(file => file.EndsWith("safetensors", StringComparison.Ordinal)), file => Assert.Equal(Server.Files[file], File.ReadAllBytes(Path.Combine(folder, file))));
        Assert.Equal(shards + 3, Server.Requests.Count(request => request.Method == "GET" && request.Path.Contains("/resolve/", StringComparison.Ordinal)));
        Assert.Equal(shards + 3, Server.Requests.Count(request => request.Method == "HEAD"));
    }

    [Fact]
    public async Task Progress_is_the_sum_of_all()
    {
        Shard(5);
        List<LoadProgress> heard = [];
        await HubDownload.RunAsync(HubId.Parse(HubServer.Model, null), Settings, new Collector(heard), default);
        long total = (5 * ShardBytes) + Server.Files["config.json"].Length + Server.Files["tokenizer.json"].Length; // the index tells what there is to count
        Assert.All(heard, now => Assert.Equal((total, true), (now.Total, now.IsDownload)));
        Assert.Equal(heard.Select(now => now.Loaded).Order(), heard.Select(now => now.Loaded));
        Assert.Equal(total, heard[^1].Loaded);
        Assert.True(heard.Count > 7);
    }

    [Fact]
    public async Task One_that_fails_ends_the_others_which_keep_what_they_have()
    {
        Shard(4);
        Server.Disturb = async context =>
        {
            if (!IsContent(context) || !Name(context).StartsWith('s'))
                return false;
            if (Name(context) == "s3.safetensors")
            {
                await PartsHaveBegun(3);
                return await HubServer.Refuse(context, 403);
            }

            return await SendBeginning(context);
        };
        HubException error = await Assert.ThrowsAsync<HubException>(() => Load());
        Assert.Equal(HttpStatusCode.Forbidden, error.Status);
        await GoesOn(3);
    }

    [Fact]
    public async Task Cancelling_ends_all_and_keeps_what_they_have()
    {
        Shard(3);
        using CancellationTokenSource stop = new();
        Server.Disturb = async context => IsContent(context) && Name(context).StartsWith('s') && await SendBeginning(context);
        Task<string> load = HubDownload.RunAsync(HubId.Parse(HubServer.Model, null), Settings, null, stop.Token);
        await PartsHaveBegun(3);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
        await GoesOn(3);
    }

    [Fact]
    public async Task A_process_that_is_killed_leaves_what_the_next_goes_on_with()
    {
        Shard(3);
        Server.Disturb = async context => IsContent(context) && Name(context).StartsWith('s') && await SendBeginning(context);
        using Process child = HubProcess.Start(Server, Cache.Path);
        await PartsHaveBegun(3);
        child.Kill();
        await child.WaitForExitAsync();
        await GoesOn(3); // its locks are gone with it
    }

    [Fact]
    public async Task Two_processes_at_once_download_everything_once()
    {
        Shard(3);
        // The second asks for the model before anything is there, and waits for the first.
        int listed = 0;
        Server.Disturb = async context =>
        {
            if (context.Request.Path.Value!.Contains("/revision/", StringComparison.Ordinal) && Interlocked.Increment(ref listed) == 2)
                _open.TrySetResult();
            if (IsContent(context))
                await _open.Task.WaitAsync(TimeSpan.FromMinutes(1));
            return false;
        };
        using Process one = HubProcess.Start(Server, Cache.Path), other = HubProcess.Start(Server, Cache.Path);
        (int Code, string Said)[] ended = await Task.WhenAll(HubProcess.EndAsync(one), HubProcess.EndAsync(other));
        Assert.All(ended, end => Assert.Equal((0, Cache[Snapshot]), end));
        foreach (string file in Server.Files.Keys.Where(file => file.StartsWith('s')))
        {
            Assert.Single(Server.Requests, request => request.Method == "GET" && request.Path.EndsWith(file, StringComparison.Ordinal));
            Assert.Equal(Server.Files[file], File.ReadAllBytes(Cache[$"{Snapshot}/{file}"]));
        }
    }

    [SkippableFact]
    public async Task A_disk_that_is_full_is_named_and_what_came_is_kept()
    {
        Skip.If(OperatingSystem.IsWindows(), "ulimit is of other systems");
        using Process child = HubProcess.Start(Server, Cache.Path, fileBlocks: 300);
        (int code, string said) = await HubProcess.EndAsync(child);
        Assert.Equal(1, code);
        Assert.Contains("'model.safetensors' (600000 bytes) cannot be written into the cache", said, StringComparison.Ordinal);
        Assert.Contains("HF_HUB_CACHE", said, StringComparison.Ordinal);
        Assert.Single(Server.Requests, request => request.Method == "GET" && request.Path.EndsWith("safetensors", StringComparison.Ordinal)); // it is no broken connection
        Assert.False(File.Exists(Cache["models--acme--tiny/refs/main"]));
        string folder = await Load();
        Assert.Equal(Server.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.InRange(int.Parse(LastGet("model.safetensors").Range["bytes=".Length..^1], null), 1, 300 * 1024);
    }

    [Fact]
    public async Task Files_of_the_same_content_share_a_blob()
    {
        foreach (bool links in (bool[])[true, false])
        {
            Shard(2);
            Server.Files["s1.safetensors"] = Server.Files["s0.safetensors"];
            string folder = await Load(settings: Settings with { Links = links, Cache = HubCache.At(Cache[links.ToString()]) });
            Assert.Equal(Server.Files["s0.safetensors"], File.ReadAllBytes(Path.Combine(folder, "s0.safetensors")));
            Assert.Equal(Server.Files["s0.safetensors"], File.ReadAllBytes(Path.Combine(folder, "s1.safetensors")));
        }
    }

    [Fact]
    public async Task Shards_that_do_not_fit_together_are_refused_before_the_first_byte()
    {
        Shard(3);
        long free = new DriveInfo(Cache.Path).AvailableFreeSpace;
        Server.Disturb = context =>
        {
            if (context.Request.Method != "HEAD" || !Name(context).StartsWith('s'))
                return Task.FromResult(false);
            // each fits by itself
            (context.Response.Headers["X-Linked-ETag"], context.Response.Headers["X-Linked-Size"]) = ($"\"tag{Name(context)[1]}\"", (free / 2).ToString(System.Globalization.CultureInfo.InvariantCulture));
            return HubServer.Refuse(context, 200);
        };
        Assert.Contains("bytes free", await Fails(), StringComparison.Ordinal);
        Assert.DoesNotContain(Server.Requests, request => request.Method == "GET" && request.Path.EndsWith("safetensors", StringComparison.Ordinal));
    }

    private static void InterlockedMax(ref int most, int now)
    {
        for (int seen = Volatile.Read(ref most); now > seen; seen = Volatile.Read(ref most))
        {
            if (Interlocked.CompareExchange(ref most, now, seen) == seen)
                return;
        }
    }

    private void Shard(int count)
    {
        Server.Files.Remove("model.safetensors");
        for (int i = 0; i < count; i++)
        {
            byte[] content = new byte[ShardBytes];
            new Random(i).NextBytes(content);
            Server.Files[$"s{i}.safetensors"] = content;
            Server.Large.Add($"s{i}.safetensors");
        }

        Server.Files["model.safetensors.index.json"] = JsonSerializer.SerializeToUtf8Bytes(new { weight_map = Enumerable.Range(0, count).ToDictionary(i => $"w{i}", i => $"s{i}.safetensors") });
    }

    /// <summary>A thousand bytes, and then silence.</summary>
    private async Task<bool> SendBeginning(HttpContext context)
    {
        context.Response.ContentLength = ShardBytes;
        await context.Response.Body.WriteAsync(Server.Files[Name(context)].AsMemory(0, 1000));
        await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        return true;
    }

    private async Task PartsHaveBegun(int count)
    {
        for (int i = 0; i < count; i++)
            await PartHas($"s{i}.safetensors", 1000);
    }

    private async Task GoesOn(int parts)
    {
        Assert.False(File.Exists(Cache["models--acme--tiny/refs/main"]));
        Server.Disturb = _ => Task.FromResult(false);
        int before = Server.Requests.Count;
        string folder = await Load();
        Assert.All(Server.Files.Keys.Where(file => file.StartsWith('s')), file => Assert.Equal(Server.Files[file], File.ReadAllBytes(Path.Combine(folder, file))));
        Assert.Equal(parts, Server.Requests.Skip(before).Count(request => request.Range == "bytes=1000-"));
        Assert.Empty(Directory.GetFiles(Cache["models--acme--tiny/blobs"], "*.incomplete"));
    }

    private sealed class Collector(List<LoadProgress> heard) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => heard.Add(value);
    }
}
