using System.Net;
using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Checkpoints.Hub;
using Microsoft.AspNetCore.Http;

namespace LlmCourse.Tests.Checkpoints.Hub;

/// <summary>Answers that are no files, and files that nobody should take.</summary>
public sealed class HubRefusalTests : HubTest
{
    [Theory]
    [InlineData(401, "RepoNotFound", "Check the name", "HF_TOKEN")]
    [InlineData(401, null, "Check the name", "HF_TOKEN")]
    [InlineData(403, "GatedRepo", "/acme/tiny", "accept")]
    [InlineData(403, null, "refuses access", "HF_TOKEN")]
    [InlineData(404, "RepoNotFound", "Check the name", "acme/tiny")]
    [InlineData(404, "RevisionNotFound", "no revision 'main'", "/acme/tiny")]
    [InlineData(404, null, "does not know", "acme/tiny")]
    [InlineData(418, null, "418", "acme/tiny")]
    public async Task Refusals_say_what_to_do_and_are_not_repeated(int status, string? code, string says, string alsoSays)
    {
        Server.Disturb = context => HubServer.Refuse(context, status, code);
        HubException error = await Assert.ThrowsAsync<HubException>(() => Load());
        Assert.Equal((HttpStatusCode)status, error.Status);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Contains(alsoSays, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
        Assert.Single(Server.Requests);
    }

    [Fact]
    public async Task A_file_that_is_listed_but_not_there_is_named_and_remembered()
    {
        Server.Disturb = context => context.Request.Path.Value!.EndsWith("tokenizer.json", StringComparison.Ordinal) ? HubServer.Refuse(context, 404, "EntryNotFound") : Task.FromResult(false);
        Assert.Contains("'tokenizer.json'", await Fails(), StringComparison.Ordinal);
        Assert.True(HubCache.IsKnownAbsent(Cache[Snapshot], "tokenizer.json"));
    }

    [Theory]
    [InlineData(429, "7", 7)]
    [InlineData(503, "3", 3)]
    [InlineData(503, "Tue, 01 Jan 2030 00:00:09 GMT", 9)]
    [InlineData(503, "Mon, 01 Jan 2029 00:00:09 GMT", 0)]
    [InlineData(500, null, 0.5)]
    public async Task A_busyServer_is_left_alone_for_as_long_as_it_asks(int status, string? retryAfter, double seconds)
    {
        int refused = 0;
        Server.Disturb = context => refused++ == 0 ? HubServer.Refuse(context, status, retryAfter: retryAfter) : Task.FromResult(false);
        await Load();
        Assert.Equal(seconds == 0 ? [] : [TimeSpan.FromSeconds(seconds)], Time.Pauses);
    }

    [Theory]
    [InlineData(429, null, 5)]
    [InlineData(503, null, 5)]
    [InlineData(429, "86400", 1)]
    public async Task It_is_not_asked_for_ever(int status, string? retryAfter, int requests)
    {
        Server.Disturb = context => HubServer.Refuse(context, status, retryAfter: retryAfter);
        HubException error = await Assert.ThrowsAsync<HubException>(() => Load());
        Assert.Equal((HttpStatusCode)status, error.Status);
        Assert.Equal(requests, Server.Requests.Count);
        Assert.Equal(new[] { 0.5, 1, 2, 4 }[..(requests - 1)].Select(TimeSpan.FromSeconds), Time.Pauses);
    }

    [Fact]
    public async Task The_token_stays_with_the_hub_when_it_points_elsewhere()
    {
        await using HubServer elsewhere = await HubServer.StartAsync();
        elsewhere.Files["model.safetensors"] = Server.Files["model.safetensors"];
        Server.Disturb = context =>
        {
            if (!context.Request.Path.Value!.EndsWith("safetensors", StringComparison.Ordinal))
                return Task.FromResult(false);
            context.Response.Headers["X-Linked-ETag"] = $"\"{Server.ETag("model.safetensors")}\"";
            context.Response.Headers["X-Linked-Size"] = "600000";
            context.Response.Headers.ETag = "\"of the redirection itself\"";
            context.Response.Headers.Location = new Uri(elsewhere.Address, $"{HubServer.Model}/resolve/{HubServer.Commit}/model.safetensors?signature=1").AbsoluteUri;
            return HubServer.Refuse(context, 302);
        };
        string folder = await Load();
        Assert.Equal(Server.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        HubServer.Request signed = elsewhere.Requests.Single(); // the GET alone: sizes and tags are the hub's own words
        Assert.Equal(("GET", ""), (signed.Method, signed.Authorization));
        Assert.All(Server.Requests, request => Assert.Equal("Bearer secret", request.Authorization));
    }

    [Theory]
    [InlineData(403, 1)] // a signature that has ended: the hub gives another
    [InlineData(403, 99)]
    [InlineData(404, 99)]
    public async Task What_another_host_refuses_is_not_taken_for_the_hubs_word(int status, int refusals)
    {
        await using HubServer elsewhere = await HubServer.StartAsync();
        elsewhere.Files["model.safetensors"] = Server.Files["model.safetensors"];
        int refused = 0;
        elsewhere.Disturb = context => refused++ < refusals ? HubServer.Refuse(context, status) : Task.FromResult(false);
        Server.Disturb = context =>
        {
            if (context.Request.Method != "GET" || !context.Request.Path.Value!.EndsWith("safetensors", StringComparison.Ordinal))
                return Task.FromResult(false);
            context.Response.Headers.Location = new Uri(elsewhere.Address, context.Request.Path).AbsoluteUri;
            return HubServer.Refuse(context, 302);
        };
        if (refusals == 1)
        {
            await Load();
            return;
        }

        string message = await Fails();
        Assert.Contains($"{elsewhere.Address.Authority}, to which {Server.Address.Authority} points for 'model.safetensors', answers with {status}", message, StringComparison.Ordinal);
        Assert.DoesNotContain("HF_TOKEN", message, StringComparison.Ordinal);
        Assert.Equal(status == 403 ? 5 : 1, elsewhere.Requests.Count);
    }

    [Fact]
    public async Task An_address_without_a_scheme_is_another_hosts_too()
    {
        await using HubServer elsewhere = await HubServer.StartAsync();
        elsewhere.Files["model.safetensors"] = Server.Files["model.safetensors"];
        Server.Disturb = context =>
        {
            if (context.Request.Method != "GET" || !context.Request.Path.Value!.EndsWith("safetensors", StringComparison.Ordinal))
                return Task.FromResult(false);
            context.Response.Headers.Location = $"//{elsewhere.Address.Authority}{context.Request.Path}";
            return HubServer.Refuse(context, 307);
        };
        await Load();
        Assert.Equal("", elsewhere.Requests.Single().Authorization);
    }

    [Fact]
    public async Task Another_commit_than_the_one_that_was_asked_for_is_refused()
    {
        HubException error = await Assert.ThrowsAsync<HubException>(() => Load($"acme/tiny@{new string('f', 40)}"));
        Assert.Contains(HubServer.Commit, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Cache["models--acme--tiny"]));
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("again")]
    public async Task Redirections_that_lead_astray_are_not_followed(string target)
    {
        Server.Disturb = context =>
        {
            if (context.Request.Method != "GET" || !context.Request.Path.Value!.Contains("/resolve/", StringComparison.Ordinal))
                return Task.FromResult(false);
            context.Response.Headers.Location = target == "again" ? context.Request.Path.Value : target;
            return HubServer.Refuse(context, 302);
        };
        Assert.Contains(target == "again" ? "redirections" : "not safe", await Fails(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../../evil")]
    [InlineData("..\\evil")]
    [InlineData("C:evil")]
    [InlineData("/etc/evil")]
    [InlineData("a/../../evil")]
    [InlineData("con.safetensors")]
    [InlineData("evil.")]
    [InlineData("evil::$DATA")]
    public async Task No_name_from_theServer_leads_out_of_theCache(string name)
    {
        Server.Files.Remove("model.safetensors");
        Server.Files["model.safetensors.index.json"] = JsonSerializer.SerializeToUtf8Bytes(new { weight_map = new { a = name } });
        Server.Files[name] = [1];
        await Assert.ThrowsAnyAsync<LlmCourse.Runtime.LlmException>(() => Load());
        Assert.DoesNotContain(Directory.GetFiles(Cache.Path, "*", SearchOption.AllDirectories), file => file.Contains("evil", StringComparison.OrdinalIgnoreCase) || file.Contains("con.", StringComparison.Ordinal));
        Assert.False(HubPath.IsSafe(name));
    }

    [Theory]
    [InlineData("../../evil", "1")]
    [InlineData("a/b", "1")]
    [InlineData("nul", "1")]
    [InlineData("COM1", "1")]
    [InlineData("", "1")]
    [InlineData("abc", "-1")]
    [InlineData("abc", "1e3")]
    [InlineData("abc", "99999999999999999999")]
    [InlineData("abc", "9223372036854775807")]
    public async Task Tags_and_sizes_that_cannot_be_right_are_refused(string tag, string size)
    {
        Server.Disturb = context =>
        {
            if (context.Request.Method != "HEAD")
                return Task.FromResult(false);
            (context.Response.Headers["X-Linked-ETag"], context.Response.Headers["X-Linked-Size"]) = ($"\"{tag}\"", size);
            return HubServer.Refuse(context, 200);
        };
        Assert.Contains("ETag", await Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_size_beyond_the_disk_is_refused_at_once()
    {
        Server.Disturb = context =>
        {
            if (context.Request.Method != "HEAD")
                return Task.FromResult(false);
            (context.Response.Headers["X-Linked-ETag"], context.Response.Headers["X-Linked-Size"]) = ("\"abc\"", "30000000000000");
            return HubServer.Refuse(context, 200);
        };
        Assert.Contains("bytes free", await Fails(), StringComparison.Ordinal);
        Assert.DoesNotContain(Server.Requests, request => request.Method == "GET" && request.Path.Contains("resolve", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<html>login</html>")]
    [InlineData("{}")]
    [InlineData("""{"sha":"../../x","siblings":[]}""")]
    [InlineData("""{"sha":7,"siblings":[]}""")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":{}}""")]
    public async Task AServer_that_is_no_hub_is_recognised(string answer)
    {
        Server.Disturb = async context =>
        {
            await context.Response.WriteAsync(answer);
            return true;
        };
        Assert.Contains("HF_ENDPOINT", await Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACache_that_cannot_be_written_is_named()
    {
        File.WriteAllText(Cache["models--acme--tiny"], "a file where a folder should be");
        string message = await Fails();
        Assert.Contains(Cache.Path, message, StringComparison.Ordinal);
        Assert.Contains("HF_HUB_CACHE", message, StringComparison.Ordinal);
    }
}
