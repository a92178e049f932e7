namespace LlmCourse.Checkpoints.Hub;

/// <summary>The folder of a commit: a relative link for each file to its blob, or the file itself where links are impossible.</summary>
internal static class HubSnapshot
{
    /// <summary>Puts a blob into the folder under its name.</summary>
    /// <param name="blob">The content.</param>
    /// <param name="path">Where it is to be found.</param>
    /// <param name="isNew">Whether nothing can refer to the blob yet: then it may move, and is not stored twice.</param>
    /// <param name="links">Whether links may be tried.</param>
    public static void Add(string blob, string path, bool isNew, bool links)
    {
        string folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        string temporary = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            if (!links || !TryLink(temporary, Path.GetRelativePath(folder, blob)))
            {
                if (isNew)
                    File.Move(blob, temporary);
                else
                    File.Copy(blob, temporary);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Notes that a commit has no such file, so that nobody asks again.</summary>
    public static void MarkAbsent(string modelFolder, string commit, string path)
    {
        string mark = Path.Combine(modelFolder, ".no_exist", commit, path);
        Directory.CreateDirectory(Path.GetDirectoryName(mark)!);
        File.WriteAllBytes(mark, []);
    }

    private static bool TryLink(string path, string target)
    {
        try
        {
            File.CreateSymbolicLink(path, target);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            return false;
        }
    }
}
