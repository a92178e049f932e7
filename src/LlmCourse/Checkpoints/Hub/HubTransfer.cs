using System.Net;

namespace LlmCourse.Checkpoints.Hub;

/// <summary>
/// Brings one blob into the cache. It grows as <c>blobs/etag.incomplete</c>, which any later attempt goes on with, and gets its
/// name when its size and its hash are right; its lock is held meanwhile.
/// </summary>
internal sealed class HubTransfer(HubConnection connection, HubSettings settings, HubId id)
{
    private const int BufferBytes = 1 << 18;

    /// <summary>Brings a file's content into the cache, unless it is there, and the file into its snapshot.</summary>
    /// <param name="file">What the server said about it.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="path">Its place in the snapshot.</param>
    /// <param name="received">Hears how many bytes of it are there.</param>
    /// <param name="cancellationToken">Ends it; what has come stays.</param>
    public async Task AddAsync(HubFile file, Uri address, string path, Action<long> received, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(BlobFolder);
        string blob = Blob(file), part = Part(file);
        using HubLock held = await HubLock.TakeAsync(Path.Combine(settings.Cache.LockFolder(id.Name), file.ETag + ".lock"), settings.Time, cancellationToken).ConfigureAwait(false);
        bool isNew = !File.Exists(path) && !File.Exists(blob); // else by another process, or for another revision
        if (isNew)
        {
            await connection.RetryAsync(
                () => ContinueAsync(file, address, part, received, cancellationToken), settings.Attempts, () => Length(part), cancellationToken).ConfigureAwait(false);
            File.Move(part, blob);
        }

        if (!File.Exists(path))
            HubSnapshot.Add(blob, path, isNew, settings.Links);
        received(file.Bytes);
    }

    /// <summary>Throws where the disk has no room for what is missing of the files. A size is the server's word: nothing is reserved by it.</summary>
    public void RequireSpace(IEnumerable<HubFile> files)
    {
        long missing = files.DistinctBy(file => file.ETag).Where(file => !File.Exists(Blob(file))).Sum(file => Math.Max(file.Bytes - Length(Part(file)), 0));
        if (missing == 0)
            return;
        Directory.CreateDirectory(BlobFolder);
        long free;
        try
        {
            free = new DriveInfo(BlobFolder).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return; // not every file system tells; writing will
        }

        if (missing > free)
            throw new HubException($"The disk of the cache ({settings.Cache.Folder}) has {free} bytes free, and {missing} are to be downloaded. Make room, or set HF_HUB_CACHE to another disk.");
    }

    private string BlobFolder => Path.Combine(settings.Cache.ModelFolder(id.Name), "blobs");

    private string Blob(HubFile file) => Path.Combine(BlobFolder, file.ETag);

    private string Part(HubFile file) => Blob(file) + ".incomplete";

    private static long Length(string part) => File.Exists(part) ? new FileInfo(part).Length : 0;

    private async Task<bool> ContinueAsync(HubFile file, Uri address, string part, Action<long> received, CancellationToken cancellationToken)
    {
        using FileStream stream = new(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        using HubHash hash = new(file);
        byte[] buffer = new byte[BufferBytes];
        if (stream.Length > file.Bytes)
            stream.SetLength(0);
        for (int read; (read = stream.Read(buffer)) > 0;)
            hash.Append(buffer.AsSpan(0, read));
        received(stream.Length);
        if (stream.Length < file.Bytes)
            await ReceiveAsync(file, address, stream, hash, buffer, received, cancellationToken).ConfigureAwait(false);
        if (hash.Mismatch() is string found)
        {
            stream.SetLength(0);
            throw new HubException($"The hub: what was received as '{file.Path}' has the hash {found}, the server announced {file.ETag}. Try again; if it stays so, something between here and the server changes files.") { IsTransient = true };
        }

        stream.Flush(flushToDisk: true);
        return true;
    }

    private async Task ReceiveAsync(HubFile file, Uri address, FileStream stream, HubHash hash, byte[] buffer, Action<long> received, CancellationToken cancellationToken)
    {
        long from = stream.Length;
        using HttpResponseMessage response = await connection.SendAsync(HttpMethod.Get, address, from, leavesHub: true, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            stream.SetLength(0);
            throw new HubException($"The hub: '{file.Path}' has no bytes from {from} on, though {file.Bytes} were announced.") { IsTransient = true, Status = response.StatusCode };
        }

        if (!response.IsSuccessStatusCode)
            throw HubErrors.Of(response, id, file.Path, settings);
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            if (response.Content.Headers.ContentRange?.From != from)
                throw new HubException($"The hub: asked for '{file.Path}' from byte {from} on, the server sends {response.Content.Headers.ContentRange}. Delete {stream.Name} to begin anew.");
        }
        else if (from > 0)
        {
            stream.SetLength(0); // the server sends the whole file
            hash.Restart();
            from = 0;
        }

        if (response.Content.Headers.ContentLength is long length && length != file.Bytes - from)
            throw new HubException($"The hub: '{file.Path}' was announced with {file.Bytes} bytes, the server sends {length} from byte {from} on.") { IsTransient = true };
        using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            int read = await connection.ReadAsync(body, buffer, address, cancellationToken).ConfigureAwait(false);
            if (read == 0)
                break;
            if (read > file.Bytes - stream.Length)
            {
                stream.SetLength(0);
                throw new HubException($"The hub: the server sends more of '{file.Path}' than the {file.Bytes} bytes it announced.") { IsTransient = true };
            }

            Write(stream, buffer.AsSpan(0, read), file);
            hash.Append(buffer.AsSpan(0, read));
            received(stream.Length);
        }

        if (stream.Length < file.Bytes)
            throw new HubException($"The hub: '{file.Path}' ended after {stream.Length} of {file.Bytes} bytes. What came is kept; loading again goes on with it.") { IsTransient = true };
    }

    /// <summary>Writes, so that a full disk is not taken for a broken connection.</summary>
    internal static void Write(Stream stream, ReadOnlySpan<byte> bytes, HubFile file)
    {
        try
        {
            stream.Write(bytes);
        }
        catch (Exception error) when (error is IOException or ArgumentOutOfRangeException) // the latter where a file may not become so large, as on FAT
        {
            throw new HubException($"'{file.Path}' ({file.Bytes} bytes) cannot be written into the cache: {error.Message} Make room, or set HF_HUB_CACHE to another disk.", error);
        }
    }
}
