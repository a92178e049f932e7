using LlmCourse.Checkpoints;
using LlmCourse.Checkpoints.Hub;
using Microsoft.AspNetCore.Http;

namespace LlmCourse.Tests.Checkpoints.Hub;

/// <summary>Files that do not arrive as they were announced.</summary>
public sealed class HubTransferTests : HubTest
{
    [Fact]
    public async Task Broken_connections_are_taken_up_where_they_broke()
    {
        int breaks = 0;
        Server.Disturb = async context =>
        {
            if (context.Request.Method != "GET" || !context.Request.Path.Value!.EndsWith("safetensors", StringComparison.Ordinal) || ++breaks > 7)
                return false;
            byte[] content = Server.Files["model.safetensors"];
            int from = context.Request.Headers.Range.ToString() is { Length: > 0 } range ? int.Parse(range["bytes=".Length..^1], null) : 0;
            (context.Response.StatusCode, context.Response.ContentLength) = (from == 0 ? 200 : 206, content.Length - from);
            if (from > 0)
                context.Response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
            await context.Response.Body.WriteAsync(content.AsMemory(from, 50_000));
            await context.Response.Body.FlushAsync();
            await PartHas("model.safetensors", from + 50_000);
            context.Abort();
            return true;
        };
        string folder = await Load(); // more breaks than attempts, but each brought something
        Assert.Equal(Server.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Equal("bytes=350000-", LastGet("model.safetensors").Range);
    }

    [Fact]
    public async Task AServer_that_always_begins_anew_is_given_up()
    {
        int sent = 0;
        Server.Disturb = async context =>
        {
            if (context.Request.Method != "GET" || !context.Request.Path.Value!.EndsWith("safetensors", StringComparison.Ordinal))
                return false;
            // Every second attempt gets further than the one before, and none further than the first.
            context.Response.ContentLength = 600_000;
            int now = sent++ % 2 == 0 ? 20_000 : 10_000;
            await context.Response.Body.WriteAsync(Server.Files["model.safetensors"].AsMemory(0, now));
            await context.Response.Body.FlushAsync();
            await PartHas("model.safetensors", now);
            context.Abort();
            return true;
        };
        Assert.Contains("the connection to", await Fails(), StringComparison.Ordinal);
        Assert.Equal(5, sent);
    }

    [Fact]
    public async Task A_download_that_was_cancelled_goes_on_later()
    {
        using CancellationTokenSource stop = new();
        Server.Disturb = async context =>
        {
            if (context.Request.Method != "GET" || !context.Request.Path.Value!.EndsWith("safetensors", StringComparison.Ordinal))
                return false;
            context.Response.ContentLength = 600_000;
            await context.Response.Body.WriteAsync(Server.Files["model.safetensors"].AsMemory(0, 1000));
            await context.Response.Body.FlushAsync();
            await PartHas("model.safetensors", 1000);
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => HubDownload.RunAsync(HubId.Parse(HubServer.Model, null), Settings, null, stop.Token));
        Assert.False(File.Exists(Cache["models--acme--tiny/refs/main"]));
        Server.Disturb = _ => Task.FromResult(false);
        await Load();
        Assert.Equal("bytes=1000-", LastGet("model.safetensors").Range);
    }

    [Fact]
    public async Task A_silentServer_is_given_up()
    {
        Server.Disturb = async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        HubException error = await Assert.ThrowsAsync<HubException>(() => Load(settings: Settings with { Patience = TimeSpan.FromMilliseconds(50), Attempts = 2 }));
        Assert.Contains("silent", error.Message, StringComparison.Ordinal);
        Assert.Equal([TimeSpan.FromSeconds(0.5)], Time.Pauses);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_wrong_length_is_found(int more)
    {
        Server.Disturb = async context =>
        {
            if (context.Request.Method != "GET" || !context.Request.Path.Value!.EndsWith("safetensors", StringComparison.Ordinal))
                return false;
            byte[] content = [.. Server.Files["model.safetensors"], 1];
            await context.Response.Body.WriteAsync(content.AsMemory(0, content.Length - 1 + more)); // without a Content-Length
            return true;
        };
        Assert.Contains(more < 0 ? "ended after 599999 of 600000" : "more of 'model.safetensors' than the 600000", await Fails(), StringComparison.Ordinal);
        Assert.False(File.Exists(Cache[$"{Snapshot}/model.safetensors"]));
    }

    [Fact]
    public async Task A_length_that_was_not_announced_is_refused_before_it_is_read()
    {
        Server.Disturb = async context =>
        {
            if (context.Request.Method != "GET" || !context.Request.Path.Value!.EndsWith("safetensors", StringComparison.Ordinal))
                return false;
            context.Response.ContentLength = 1L << 50;
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        Assert.Contains((1L << 50).ToString(System.Globalization.CultureInfo.InvariantCulture), await Fails(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    public async Task A_wrong_hash_is_found(string file)
    {
        Server.Disturb = async context =>
        {
            if (context.Request.Method != "GET" || !context.Request.Path.Value!.EndsWith(file, StringComparison.Ordinal))
                return false;
            byte[] changed = [.. Server.Files[file]];
            changed[^1] ^= 1;
            await context.Response.Body.WriteAsync(changed);
            return true;
        };
        string message = await Fails();
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains(Server.ETag(file), message, StringComparison.Ordinal);
        Assert.False(File.Exists(Cache[$"{Snapshot}/{file}"]));
        Server.Disturb = _ => Task.FromResult(false);
        await Load(); // nothing wrong was kept
    }

    [Theory]
    [InlineData(10, false)] // half of another file
    [InlineData(600_000, false)] // all of another file
    [InlineData(700_000, false)] // more than this one has
    [InlineData(600_000, true)] // this one, only without its name
    public async Task A_part_file_is_believed_only_when_its_hash_is_right(int length, bool right)
    {
        Directory.CreateDirectory(Cache["models--acme--tiny/blobs"]);
        string part = Cache[$"models--acme--tiny/blobs/{Server.ETag("model.safetensors")}.incomplete"];
        File.WriteAllBytes(part, right ? Server.Files["model.safetensors"] : new byte[length]);
        string folder = await Load();
        Assert.Equal(Server.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Equal(!right, Server.Requests.Any(request => request.Method == "GET" && request.Path.EndsWith("safetensors", StringComparison.Ordinal)));
        Assert.False(File.Exists(part));
    }

    [Theory]
    [InlineData("416")]
    [InlineData("200")]
    [InlineData("206 elsewhere")]
    public async Task Odd_answers_to_a_range_are_understood(string answer)
    {
        Directory.CreateDirectory(Cache["models--acme--tiny/blobs"]);
        File.WriteAllBytes(Cache[$"models--acme--tiny/blobs/{Server.ETag("model.safetensors")}.incomplete"], Server.Files["model.safetensors"][..1000]);
        Server.Disturb = async context =>
        {
            if (context.Request.Headers.Range.Count == 0)
                return false;
            if (answer == "416")
                return await HubServer.Refuse(context, 416);
            if (answer == "200")
                context.Request.Headers.Remove("Range");
            else
                context.Request.Headers.Range = "bytes=999-";
            return false;
        };
        if (answer.EndsWith("elsewhere", StringComparison.Ordinal))
        {
            Assert.Contains("byte 1000", await Fails(), StringComparison.Ordinal);
            return;
        }

        string folder = await Load();
        Assert.Equal(Server.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
    }

    [Fact]
    public void A_disk_that_is_full_is_no_broken_connection()
    {
        using FullDisk disk = new();
        HubException error = Assert.Throws<HubException>(() => HubTransfer.Write(disk, [1], new HubFile("x.safetensors", "abc", 5)));
        Assert.False(error.IsTransient);
        Assert.Contains("'x.safetensors' (5 bytes)", error.Message, StringComparison.Ordinal);
        Assert.Contains("HF_HUB_CACHE", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void The_systems_own_full_disk_is_no_broken_connection()
    {
        Skip.IfNot(File.Exists("/dev/full"), "no /dev/full");
        using FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        HubException error = Assert.Throws<HubException>(() => HubTransfer.Write(full, [1], new HubFile("x.safetensors", "abc", 5)));
        Assert.False(error.IsTransient);
        Assert.IsType<IOException>(error.InnerException);
    }

    private sealed class FullDisk : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("No space left on device.");
    }
}
