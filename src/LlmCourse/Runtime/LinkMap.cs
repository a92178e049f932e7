using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace LlmCourse.Runtime;

/// <summary>
/// What glibc's loader knows about loaded libraries. Its handles are pointers to <c>struct link_map</c>, whose first
/// fields are a public interface (link.h): the load address, then the name.
/// </summary>
internal static partial class LinkMap
{
    private const int Lazy = 1, NoLoad = 4;

    public static bool IsLoaded(string name) => OperatingSystem.IsLinux() && TryFind(name, out _);

    /// <summary>The handle of a library that is loaded already.</summary>
    [SupportedOSPlatform("linux")]
    public static bool TryFind(string name, out nint handle) => (handle = Open(name, Lazy | NoLoad)) != 0;

    /// <summary>
    /// Makes the loader return <paramref name="handle"/> whenever <paramref name="path"/> is asked for, though that names
    /// another file: it compares names before it opens a file. False where that does not work.
    /// </summary>
    public static bool TryAlias(nint handle, string path)
    {
        if (!OperatingSystem.IsLinux())
            return false;

        // Never freed: the library stays for the life of the process, and debuggers read the name.
        Marshal.WriteIntPtr(handle, nint.Size, Marshal.StringToCoTaskMemUTF8(path));
        return Open(path, Lazy | NoLoad) == handle;
    }

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string name, int flags);
}
