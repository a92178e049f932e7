using System.Runtime.InteropServices;
using LlmCourse.Runtime;

namespace LlmCourse.Tests.Runtime;

public sealed class LinkMapTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("llmcourse-tests-");

    public void Dispose() => _directory.Delete(recursive: true);

    [SkippableFact]
    public void An_alias_makes_another_file_mean_the_library_that_is_loaded()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "glibc's loader only");
        string first = Copy("first.so"), second = Copy("second.so"), third = Copy("third.so");
        nint handle = NativeLibrary.Load(first);

        Assert.True(LinkMap.TryAlias(handle, second));

        Assert.Equal(handle, NativeLibrary.Load(second));
        Assert.NotEqual(handle, NativeLibrary.Load(third));
    }

    [SkippableFact]
    public void A_library_is_loaded_or_not()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "glibc's loader only");
        NativeLibraries.EnsureLoaded();

        Assert.True(LinkMap.IsLoaded(NativeLoader.FileName("torch_cpu")));
        Assert.False(LinkMap.IsLoaded(NativeLoader.FileName("not_there")));
    }

    private string Copy(string name)
    {
        string path = Path.Combine(_directory.FullName, name);
        File.Copy(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libSystem.IO.Compression.Native.so"), path);
        return path;
    }
}
