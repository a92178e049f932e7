using LlmCourse.Runtime;

namespace LlmCourse.Tests.Runtime;

public sealed class NativeLoaderTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("llmcourse-tests-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Nothing_found_names_the_places_and_the_way_out()
    {
        NativeLoader loader = new([_directory.FullName], external: null);

        NativeLibraryException error = Assert.Throws<NativeLibraryException>(() => loader.Load());

        Assert.Contains(_directory.FullName, error.Message, StringComparison.Ordinal);
        Assert.Contains(NativeLoader.FileName("torch"), error.Message, StringComparison.Ordinal);
        Assert.Contains("TorchSharp-cpu", error.Message, StringComparison.Ordinal);
        Assert.Contains(NativeLibraries.LibtorchVariable, error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_library_that_cannot_be_repaired_says_why()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "repairs are for Linux");
        File.WriteAllText(Path.Combine(_directory.FullName, NativeLoader.FileName(NativeLoader.TorchSharp)), "not a library");
        NativeLoader loader = new([_directory.FullName], external: null);

        NativeLibraryException error = Assert.Throws<NativeLibraryException>(() => loader.Load());

        Assert.Contains("not a 64-bit little-endian ELF file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_is_told_again_every_time()
    {
        NativeLoader loader = new([_directory.FullName], external: null);

        NativeLibraryException first = Assert.Throws<NativeLibraryException>(() => loader.Load());

        Assert.Same(first, Assert.Throws<NativeLibraryException>(() => loader.Find(NativeLoader.TorchSharp)));
        Assert.Same(first, Assert.Throws<NativeLibraryException>(loader.ThrowIfRefused));
    }

    [Theory]
    [InlineData("absent")]
    [InlineData(".")]
    public void An_external_directory_without_libtorch_is_named(string name)
    {
        string external = Path.Combine(_directory.FullName, name);
        NativeLoader loader = new([_directory.FullName], external);

        Assert.False(loader.TryLoadExternal());

        NativeLibraryException error = Assert.Throws<NativeLibraryException>(loader.ThrowIfRefused);
        Assert.Contains(external, error.Message, StringComparison.Ordinal);
        Assert.Contains(NativeLoader.FileName("c10"), error.Message, StringComparison.Ordinal);
    }
}
