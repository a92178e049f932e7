using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using LlmCourse.Runtime;

namespace LlmCourse.Tests.Runtime;

[SupportedOSPlatform("linux")]
public sealed class LibraryImageTests : IDisposable
{
    private const string NotLinux = "loading from bytes is for Linux";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("llmcourse-tests-");
    private readonly List<string> _tried = [];

    public void Dispose() => _directory.Delete(recursive: true);

    [SkippableFact]
    public void A_library_loads_from_memory()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), NotLinux);
        (byte[] image, string export) = SomeLibrary();

        nint handle = LibraryImage.LoadFromMemory("libsample.so", image, _tried);

        Assert.Empty(_tried);
        Assert.NotEqual(0, NativeLibrary.GetExport(handle, export));
    }

    [SkippableFact]
    public void A_library_loads_from_a_directory_that_is_gone_afterwards()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), NotLinux);
        (byte[] image, string export) = SomeLibrary();
        string parent = Path.Combine(_directory.FullName, "made", "here");

        nint handle = LibraryImage.LoadFromDirectory(parent, "libsample.so", image, _tried);

        Assert.Empty(_tried);
        Assert.NotEqual(0, NativeLibrary.GetExport(handle, export));
        Assert.Empty(Directory.EnumerateFileSystemEntries(parent));
    }

    [SkippableFact]
    public void What_cannot_be_loaded_is_noted_and_removed()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), NotLinux);

        Assert.Equal(0, LibraryImage.LoadFromMemory("libsample.so", "no library"u8, _tried));
        Assert.Equal(0, LibraryImage.LoadFromDirectory(_directory.FullName, "libsample.so", "no library"u8, _tried));

        Assert.Equal(2, _tried.Count);
        Assert.Empty(_directory.EnumerateFileSystemInfos());
    }

    [SkippableFact]
    public void A_place_where_nothing_can_be_written_is_noted()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), NotLinux);
        string file = Path.Combine(_directory.FullName, "file");
        File.WriteAllText(file, "");

        Assert.Equal(0, LibraryImage.LoadFromDirectory(file, "libsample.so", SomeLibrary().Image, _tried));

        Assert.Contains(file, Assert.Single(_tried), StringComparison.Ordinal);
    }

    /// <summary>A small library that every installation of .NET has, and a function of it.</summary>
    private static (byte[] Image, string Export) SomeLibrary() =>
        (File.ReadAllBytes(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libSystem.IO.Compression.Native.so")), "CompressionNative_Crc32");
}
