using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LlmCourse.Checkpoints;

/// <summary>
/// Writes a folder so that it appears whole or not at all: into a neighbour named <c>name.tmp-…</c>, flushed to disk,
/// then renamed. An existing folder is replaced as a whole, or left as it was where writing fails.
/// </summary>
internal static partial class AtomicFolder
{
    /// <summary>Writes <paramref name="path"/> by <paramref name="write"/>, which gets the folder to write into.</summary>
    /// <param name="path">The folder to appear. Its parent is created where it is missing.</param>
    /// <param name="marker">
    /// A file that says what an existing folder is. One that has other things in it but not this file is refused:
    /// replacing it would delete something that is no checkpoint.
    /// </param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="CheckpointException">The existing folder is something else, or <paramref name="path"/> is a file.</exception>
    public static void Write(string path, string marker, Action<string> write)
    {
        string target = Target(path);
        bool replaces = CheckReplaceable(target, marker);
        string parent = Path.GetDirectoryName(target) ?? throw new ArgumentException($"'{path}' is a root folder.", nameof(path));
        Directory.CreateDirectory(parent);
        string temporary = $"{target}.tmp-{Path.GetRandomFileName()}";
        try
        {
            Directory.CreateDirectory(temporary);
            write(temporary);
            FlushToDisk(temporary);
            if (replaces)
                Swap(temporary, target); // now the old folder has the temporary name
            else
                Directory.Move(temporary, target);
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>The folder itself: a link to a folder stays a link.</summary>
    private static string Target(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        DirectoryInfo folder = new(full);
        return folder.LinkTarget is null ? full : folder.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
    }

    private static bool CheckReplaceable(string target, string marker)
    {
        if (File.Exists(target))
            throw new CheckpointException(target, "there is a file of this name where a folder is to be written.");
        if (!Directory.Exists(target))
            return false;
        if (!File.Exists(Path.Combine(target, marker)) && Directory.EnumerateFileSystemEntries(target).Any())
        {
            throw new CheckpointException(
                target, $"the folder has something in it but no {marker}, so it is no checkpoint and is not replaced. Choose a new or empty folder.");
        }

        return true;
    }

    private static void FlushToDisk(string folder)
    {
        // Windows flushes only what is open for writing; elsewhere reading is enough, and a copied file may be read-only.
        FileAccess access = OperatingSystem.IsWindows() ? FileAccess.ReadWrite : FileAccess.Read;
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, access);
            RandomAccess.FlushToDisk(handle);
        }
    }

    /// <summary>
    /// Exchanges two folders: at once where the system can, else by two renames, between which a crash leaves both
    /// folders whole but neither under its own name.
    /// </summary>
    private static void Swap(string fresh, string old)
    {
        if (OperatingSystem.IsLinux() && TryExchange(fresh, old))
            return;
        string aside = $"{old}.old-{Path.GetRandomFileName()}";
        Directory.Move(old, aside);
        try
        {
            Directory.Move(fresh, old);
        }
        catch
        {
            Directory.Move(aside, old);
            throw;
        }

        Directory.Move(aside, fresh);
    }

    private static bool TryExchange(string first, string second)
    {
        const int currentFolder = -100; // AT_FDCWD; both paths are absolute
        const uint exchange = 2; // RENAME_EXCHANGE
        try
        {
            return RenameAt2(currentFolder, first, currentFolder, second, exchange) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false; // a C library without this call
        }
    }

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int firstFolder, string first, int secondFolder, string second, uint flags);
}
