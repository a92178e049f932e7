using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LlmCourse.Tests.Checkpoints.Hub;

/// <summary>A hub of one model, over real sockets. What it does wrong, a test tells it.</summary>
internal sealed class HubServer : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    public const string Model = "acme/tiny";

    private readonly WebApplication _application;
    private readonly List<Request> _requests = [];

    private HubServer(WebApplication application) => _application = application;

    public Uri Address { get; private set; } = null!;

    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>The files that have a SHA-256 as their ETag, and the size of the file behind them.</summary>
    public HashSet<string> Large { get; } = ["model.safetensors"];

    /// <summary>What happens instead of, or before, the right answer: true if it was one.</summary>
    public Func<HttpContext, Task<bool>> Disturb { get; set; } = _ => Task.FromResult(false);

    public IReadOnlyList<Request> Requests
    {
        get
        {
            lock (_requests)
                return [.. _requests];
        }
    }

    public static async Task<HubServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        WebApplication application = builder.Build();
        HubServer server = new(application);
        application.Run(server.AnswerAsync);
        await application.StartAsync();
        server.Address = new Uri(application.Urls.Single() + "/");
        return server;
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();

    public string ETag(string file)
    {
        bool isLarge = Large.Contains(file);
        using IncrementalHash hash = IncrementalHash.CreateHash(isLarge ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (!isLarge)
            hash.AppendData(Encoding.ASCII.GetBytes($"blob {Files[file].Length}\0"));
        hash.AppendData(Files[file]);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public static async Task<bool> Refuse(HttpContext context, int status, string? code = null, string? retryAfter = null)
    {
        context.Response.StatusCode = status;
        if (code is not null)
            context.Response.Headers["X-Error-Code"] = code;
        if (retryAfter is not null)
            context.Response.Headers.RetryAfter = retryAfter;
        await context.Response.CompleteAsync();
        return true;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        lock (_requests)
            _requests.Add(new Request(request.Method, request.Path, request.Headers.Range.ToString(), request.Headers.Authorization.ToString()));
        if (await Disturb(context))
            return;
        string path = request.Path.Value!;
        if (path.StartsWith($"/api/models/{Model}/revision/", StringComparison.Ordinal))
        {
            var answer = new { sha = Commit, siblings = Files.Keys.Append("../../evil").Append("README.md").Select(name => new { rfilename = name }) };
            await context.Response.WriteAsync(JsonSerializer.Serialize(answer));
            return;
        }

        string name = path.Replace($"/{Model}/resolve/{Commit}/", "", StringComparison.Ordinal);
        if (!Files.TryGetValue(name, out byte[]? content))
        {
            await Refuse(context, 404, "EntryNotFound");
            return;
        }

        await SendAsync(context, name, content);
    }

    /// <summary>The file as the hub sends it, from the byte on that is asked for.</summary>
    public async Task SendAsync(HttpContext context, string name, byte[] content)
    {
        HttpResponse response = context.Response;
        response.Headers["X-Repo-Commit"] = Commit;
        response.Headers.ETag = $"\"{ETag(name)}\"";
        if (Large.Contains(name))
            (response.Headers["X-Linked-ETag"], response.Headers["X-Linked-Size"]) = ($"\"{ETag(name)}\"", content.Length.ToString(CultureInfo.InvariantCulture));
        int from = 0;
        if (context.Request.Headers.Range.ToString() is { Length: > 0 } range)
        {
            from = int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture);
            (response.StatusCode, response.Headers.ContentRange) = (206, $"bytes {from}-{content.Length - 1}/{content.Length}");
        }

        response.ContentLength = content.Length - from;
        if (context.Request.Method != "HEAD")
            await response.Body.WriteAsync(content.AsMemory(from));
    }

    internal sealed record Request(string Method, string Path, string Range, string Authorization);
}
