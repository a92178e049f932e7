namespace LlmCourse.Checkpoints;

/// <summary>Writes a file so that it appears whole or not at all: under another name, flushed to disk, then renamed.</summary>
internal static class AtomicFile
{
    /// <summary>Writes <paramref name="path"/> anew. Where that fails, a file that was there before is untouched.</summary>
    public static void Write(string path, Action<FileStream> write)
    {
        string temporary = $"{path}.tmp-{Path.GetRandomFileName()}";
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
