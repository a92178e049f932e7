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

    // Hugging Face's own client takes as many.
    private const int FilesAtOnce = 8;

    private readonly HubSettings _settings;
    private readonly HubId _id;
    private readonly HubNeeds _needs;
    private readonly IProgress<LoadProgress>? _progress;
    private readonly HubConnection _connection;
    private readonly HubTransfer _transfer;
    private string _commit = "";

    private HubDownload(HubNeeds needs, HubSettings settings, IProgress<LoadProgress>? progress)
    {
        (_needs, _id, _settings, _progress) = (needs, needs.Id, settings, progress);
        _connection = new HubConnection(settings);
        _transfer = new HubTransfer(_connection, settings, _id);
    }

    /// <summary>
    /// The folder (or the GGUF file) of a model, after downloading what the cache lacks. A model that is complete in the cache is
    /// found without a network; a commit that is, without a request.
    /// </summary>
    /// <exception cref="HubException">It cannot be downloaded.</exception>
    /// <exception cref="CheckpointException">The cache does not have it, and nothing may be asked.</exception>
    public static Task<string> RunAsync(HubId id, HubSettings settings, IProgress<LoadProgress>? progress, CancellationToken cancellationToken) =>
        RunAsync(new HubNeeds(id), settings, progress, cancellationToken);

    /// <summary>
    /// The same for a model's configuration alone: the folder that has its config.json. Which commit a branch is stays as it was in
    /// the cache, for whose model may be complete.
    /// </summary>
    public static Task<string> ConfigurationAsync(HubId id, HubSettings settings, CancellationToken cancellationToken) =>
        RunAsync(new HubNeeds(id, configurationOnly: true), settings, null, cancellationToken);

    private static async Task<string> RunAsync(HubNeeds needs, HubSettings settings, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        HubId id = needs.Id;
        if (settings.IsOffline)
            return settings.Cache.Resolve(id);
        (string? cached, bool isSettled) = Find(needs, settings.Cache);
        if (isSettled && id.IsCommit)
            return cached!;
        using HubDownload download = new(needs, settings, progress);
        IReadOnlySet<string> files;
        try
        {
            files = await download.ListAsync(cached is null ? settings.Attempts : 1, cancellationToken).ConfigureAwait(false);
        }
        catch (HubException error) when (cached is not null && (error.IsTransient || id.IsCommit))
        {
            return cached; // what a commit is does not depend on what a hub says of it now
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

    /// <summary>Where the cache has all that is needed, or null; and whether there can be nothing else to ask for.</summary>
    private static (string? Place, bool IsSettled) Find(HubNeeds needs, HubCache cache)
    {
        try
        {
            string place = cache.Resolve(needs.Id), snapshot = needs.Id.File is { } file ? place[..^(file.Length + 1)] : place;
            return needs.AreIn(snapshot) ? (place, needs.AreAllIn(snapshot)) : (null, false);
        }
        catch (CheckpointException)
        {
            return (null, false);
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
            if (_id.IsCommit && _commit != _id.Revision)
                throw new HubException($"The hub: {_settings.Endpoint.Authority} was asked for commit {_id.Revision} of '{_id.Name}', and answers with {_commit}. Is HF_ENDPOINT right?");
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
        if (_needs.Index(files) is { } index)
            await GetAsync([index], snapshot, null, cancellationToken).ConfigureAwait(false);
        await GetAsync(_needs.Files(files, snapshot), snapshot, _progress, cancellationToken).ConfigureAwait(false);
        NoteAbsences(files, snapshot);
        // Last, so that a branch never stands for a commit that is only half there.
        if (!_id.IsCommit && _needs.AreAll)
            WriteReference();
        return _id.File is null ? snapshot : Path.Combine(snapshot, _id.File);
    }

    private async Task GetAsync(IReadOnlyList<string> paths, string snapshot, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        string[] missing = [.. paths.Where(path => !File.Exists(Path.Combine(snapshot, path)))];
        HubFile[] files = new HubFile[missing.Length];
        await SeveralAtOnce(
            missing.Length,
            async (i, token) => files[i] = await _connection.RetryAsync(() => AskAsync(missing[i], token), _settings.Attempts, () => 0, token).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        _transfer.RequireSpace(files);
        HubProgress? sum = progress is null ? null : new HubProgress(progress, files);
        await SeveralAtOnce(
            files.Length,
            (i, token) => _transfer.AddAsync(files[i], Address(files[i].Path), Path.Combine(snapshot, files[i].Path), bytes => sum?.Report(i, bytes), token),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The first failure ends the others, and is the one that is thrown.</summary>
    private static Task SeveralAtOnce(int count, Func<int, CancellationToken, Task> work, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = cancellationToken, TaskScheduler = TaskScheduler.Default },
            async (i, token) => await work(i, token).ConfigureAwait(false));

    private Uri Address(string path) =>
        new(_settings.Endpoint, $"{_id.Name}/resolve/{_commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    // What is known to be absent need not be asked for again: then a commit takes no request.
    private void NoteAbsences(IReadOnlySet<string> files, string snapshot)
    {
        try
        {
            foreach (string path in _needs.Absent(files).Where(path => !HubCache.IsKnownAbsent(snapshot, path)))
                HubSnapshot.MarkAbsent(_settings.Cache.ModelFolder(_id.Name), _commit, path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be written, and has all that is needed: it will be asked for again.
        }
    }

    /// <summary>Size and ETag of a file: those of the large file behind it, where the answer has them.</summary>
    private async Task<HubFile> AskAsync(string path, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _connection.SendAsync(HttpMethod.Head, Address(path), 0, leavesHub: false, cancellationToken).ConfigureAwait(false);
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
        if (File.Exists(path) && File.ReadAllText(path).Trim() == _commit)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, stream => stream.Write(Encoding.ASCII.GetBytes(_commit)));
    }
}
