using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LlmCourse.Checkpoints.Hub;

/// <summary>
/// Gets a model from the hub into the cache, in the shape that Hugging Face's own client gives it: contents in <c>blobs</c> under
/// their ETags, and for each commit a folder of links to them.
/// </summary>
internal sealed class HubDownload : IDisposable
{
    private const int MaxAnswerBytes = 32 << 20;
    private const long MaxFileBytes = 1L << 45;

    private readonly HubSettings _settings;
    private readonly HubId _id;
    private readonly IProgress<LoadProgress>? _progress;
    private readonly HubConnection _connection;
    private readonly HubTransfer _transfer;
    private string _commit = "";
    private long _total;
    private long _done;

    private HubDownload(HubId id, HubSettings settings, IProgress<LoadProgress>? progress)
    {
        (_id, _settings, _progress) = (id, settings, progress);
        _connection = new HubConnection(settings);
        _transfer = new HubTransfer(_connection, settings, id);
    }

    /// <summary>
    /// The folder (or the GGUF file) of a model, after downloading what the cache lacks. A model that is complete in the cache is
    /// found without a network; a commit that is, without a request.
    /// </summary>
    /// <exception cref="HubException">It cannot be downloaded.</exception>
    /// <exception cref="CheckpointException">The cache does not have it, and nothing may be asked.</exception>
    public static async Task<string> RunAsync(HubId id, HubSettings settings, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        if (settings.IsOffline)
            return settings.Cache.Resolve(id);
        string? cached = FindComplete(id, settings.Cache);
        if (cached is not null && id.IsCommit)
            return cached;
        using HubDownload download = new(id, settings, progress);
        IReadOnlySet<string> files;
        try
        {
            files = await download.ListAsync(cached is null ? settings.Attempts : 1, cancellationToken).ConfigureAwait(false);
        }
        catch (HubException error) when (error.IsTransient && cached is not null)
        {
            return cached;
        }

        try
        {
            return await download.GetAsync(files, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"The cache {settings.Cache.Folder} cannot be written: {error.Message} Set HF_HUB_CACHE to a folder that can.", error);
        }
    }

    public void Dispose() => _connection.Dispose();

    private static string? FindComplete(HubId id, HubCache cache)
    {
        try
        {
            string found = cache.Resolve(id);
            return id.File is not null || HubNeeds.IsComplete(found) ? found : null;
        }
        catch (CheckpointException)
        {
            return null;
        }
    }

    /// <summary>The repository's files, and which commit the revision is.</summary>
    private async Task<IReadOnlySet<string>> ListAsync(int attempts, CancellationToken cancellationToken)
    {
        Uri address = new(_settings.Endpoint, $"api/models/{_id.Name}/revision/{Uri.EscapeDataString(_id.Revision)}");
        byte[] answer = await _connection.RetryAsync(
            async () =>
            {
                using HttpResponseMessage response = await _connection.SendAsync(HttpMethod.Get, address, 0, leavesHub: false, cancellationToken).ConfigureAwait(false);
                return response.IsSuccessStatusCode
                    ? await ReadAllAsync(response, address, cancellationToken).ConfigureAwait(false)
                    : throw HubErrors.Of(response, _id, null, _settings);
            },
            attempts, () => 0, cancellationToken).ConfigureAwait(false);
        try
        {
            using JsonDocument document = JsonDocument.Parse(answer);
            _commit = document.RootElement.GetProperty("sha").GetString() ?? "";
            if (!HubPath.IsCommit(_commit))
                throw new HubException($"The hub: {_settings.Endpoint.Authority} names no commit for '{_id.Name}' at revision '{_id.Revision}'. Is HF_ENDPOINT right?");
            return document.RootElement.GetProperty("siblings").EnumerateArray().Select(file => file.GetProperty("rfilename").GetString() ?? "").ToHashSet(StringComparer.Ordinal);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new HubException($"The hub: {_settings.Endpoint.Authority} answers with something else than a description of '{_id.Name}'. Is HF_ENDPOINT right?", error);
        }
    }

    private async Task<byte[]> ReadAllAsync(HttpResponseMessage response, Uri address, CancellationToken cancellationToken)
    {
        using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using MemoryStream all = new();
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = await _connection.ReadAsync(body, buffer, address, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            if (all.Length + read > MaxAnswerBytes)
                throw new HubException($"The hub: {address.Authority} describes '{_id.Name}' in more than {MaxAnswerBytes} bytes, which is not plausible.");
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }

    private async Task<string> GetAsync(IReadOnlySet<string> files, CancellationToken cancellationToken)
    {
        string snapshot = _settings.Cache.Snapshot(_id.Name, _commit);
        HubNeeds needs = new(_id, files);
        await GetAsync(needs.First(), snapshot, cancellationToken).ConfigureAwait(false);
        await GetAsync(needs.Shards(snapshot), snapshot, cancellationToken).ConfigureAwait(false);
        // Last, so that a branch never stands for a commit that is only half there.
        if (!_id.IsCommit)
            WriteReference();
        return _id.File is null ? snapshot : Path.Combine(snapshot, _id.File);
    }

    private async Task GetAsync(IEnumerable<string> paths, string snapshot, CancellationToken cancellationToken)
    {
        List<(HubFile File, Uri Address)> missing = [];
        foreach (string path in paths.Where(path => !File.Exists(Path.Combine(snapshot, path))))
        {
            string escaped = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
            Uri address = new(_settings.Endpoint, $"{_id.Name}/resolve/{_commit}/{escaped}");
            missing.Add((await _connection.RetryAsync(() => AskAsync(path, address, cancellationToken), _settings.Attempts, () => 0, cancellationToken).ConfigureAwait(false), address));
        }

        _total += missing.Sum(item => item.File.Bytes);
        foreach ((HubFile file, Uri address) in missing)
        {
            Report(0);
            (string blob, bool isNew) = await _transfer.GetAsync(file, address, Report, cancellationToken).ConfigureAwait(false);
            HubSnapshot.Add(blob, Path.Combine(snapshot, file.Path), isNew, _settings.Links);
            _done += file.Bytes;
        }
    }

    private void Report(long bytes) => _progress?.Report(new LoadProgress(_done + bytes, _total) { IsDownload = true });

    /// <summary>Size and ETag of a file: those of the large file behind it, where the answer has them.</summary>
    private async Task<HubFile> AskAsync(string path, Uri address, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _connection.SendAsync(HttpMethod.Head, address, 0, leavesHub: false, cancellationToken).ConfigureAwait(false);
        if (HubErrors.IsMissingEntry(response))
            HubSnapshot.MarkAbsent(_settings.Cache.ModelFolder(_id.Name), _commit, path);
        if ((int)response.StatusCode >= 400)
            throw HubErrors.Of(response, _id, path, _settings);
        string tag = Of("X-Linked-ETag", "ETag");
        tag = tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;
        tag = tag.Trim('"');
        string size = Of("X-Linked-Size", response.IsSuccessStatusCode ? "Content-Length" : "X-Linked-Size");
        if (!HubPath.IsBlobName(tag) || !long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) || bytes > MaxFileBytes)
            throw new HubException($"The hub: {_settings.Endpoint.Authority} gives no usable ETag and size of '{path}'. Is HF_ENDPOINT right?");
        return new HubFile(path, tag, bytes);

        string Of(string linked, string plain) => HubErrors.Header(response, linked) is { Length: > 0 } value ? value : HubErrors.Header(response, plain);
    }

    private void WriteReference()
    {
        string path = _settings.Cache.Reference(_id.Name, _id.Revision);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!File.Exists(path) || File.ReadAllText(path) != _commit)
            AtomicFile.Write(path, stream => stream.Write(Encoding.ASCII.GetBytes(_commit)));
    }
}
