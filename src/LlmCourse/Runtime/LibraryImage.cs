using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace LlmCourse.Runtime;

/// <summary>
/// Loads a library from bytes on Linux. The bytes go to a file in memory without a name; where the system forbids that,
/// to a new directory that only this user can enter and that is removed after loading. Nothing stays behind, nothing
/// that somebody else could have written is ever loaded, and processes that start together do not meet.
/// </summary>
[SupportedOSPlatform("linux")]
internal static partial class LibraryImage
{
    private const uint CloseOnExec = 1, Executable = 16;

    /// <summary>The handle, or 0; what failed is added to <paramref name="tried"/>.</summary>
    public static nint Load(string name, ReadOnlySpan<byte> image, List<string> tried)
    {
        nint handle = LoadFromMemory(name, image, tried);
        foreach (string parent in handle == 0 ? WritableDirectories() : [])
        {
            handle = LoadFromDirectory(parent, name, image, tried);
            if (handle != 0)
                break;
        }

        return handle;
    }

    internal static nint LoadFromMemory(string name, ReadOnlySpan<byte> image, List<string> tried)
    {
        try
        {
            // Kernels before 6.3 do not know the second flag; some later ones are set up to demand it.
            int descriptor = CreateMemoryFile(name, CloseOnExec | Executable);
            if (descriptor < 0)
                descriptor = CreateMemoryFile(name, CloseOnExec);
            if (descriptor < 0)
            {
                tried.Add($"a file in memory: {Marshal.GetLastPInvokeErrorMessage()}");
                return 0;
            }

            // Stays open while the library is in use: the loader knows it by this name, which must not come to mean another.
            SafeFileHandle file = new(descriptor, ownsHandle: false);
            RandomAccess.Write(file, image, 0);
            return NativeLibrary.Load($"/proc/self/fd/{descriptor}");
        }
        catch (Exception e) when (IsExpected(e))
        {
            tried.Add($"a repaired copy in memory: {NativeLoader.Reason(e)}");
            return 0;
        }
    }

    internal static nint LoadFromDirectory(string parent, string name, ReadOnlySpan<byte> image, List<string> tried)
    {
        string directory = Path.Combine(parent, "llmcourse-" + Guid.NewGuid().ToString("N"));
        try
        {
            Directory.CreateDirectory(parent);
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            string path = Path.Combine(directory, name);
            using (SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
                RandomAccess.Write(file, image, 0);
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (IsExpected(e))
        {
            tried.Add($"a repaired copy in {parent}: {NativeLoader.Reason(e)}");
            return 0;
        }
        finally
        {
            TryDelete(directory);
        }
    }

    private static void TryDelete(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It was never made, or it cannot be removed; an unused file that only this user can read is no reason to fail.
        }
    }

    private static bool IsExpected(Exception e) =>
        e is IOException or UnauthorizedAccessException or DllNotFoundException or BadImageFormatException or EntryPointNotFoundException;

    private static IEnumerable<string> WritableDirectories()
    {
        yield return Path.GetTempPath();
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache)
            yield return cache;
        if (Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home)
            yield return Path.Combine(home, ".cache");
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int CreateMemoryFile(string name, uint flags);
}
