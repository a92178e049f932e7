using LlmCourse.Checkpoints;

namespace LlmCourse.Tests.Checkpoints;

public sealed class AtomicFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder["deep/model"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_new_folder_appears_whole()
    {
        Save(folder =>
        {
            Assert.False(Directory.Exists(Target));
            File.WriteAllText(Path.Combine(folder, "config.json"), "new");
        });
        Assert.Equal("new", File.ReadAllText(Path.Combine(Target, "config.json")));
        AssertAlone();
    }

    [Fact]
    public void An_old_checkpoint_is_replaced_as_a_whole()
    {
        Save(folder =>
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), "old");
            File.WriteAllText(Path.Combine(folder, "model-00001-of-00002.safetensors"), "old");
        });
        Save(folder =>
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), "new");
            Assert.Equal("old", File.ReadAllText(Path.Combine(Target, "config.json")));
        });
        Assert.Equal("config.json", Path.GetFileName(Assert.Single(Directory.EnumerateFileSystemEntries(Target))));
        Assert.Equal("new", File.ReadAllText(Path.Combine(Target, "config.json")));
        AssertAlone();
    }

    [Fact]
    public void A_full_disk_leaves_the_old_one()
    {
        Save(folder => File.WriteAllText(Path.Combine(folder, "config.json"), "old"));
        Assert.Throws<IOException>(() => Save(folder =>
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), "new");
            throw new IOException("No space left on device");
        }));
        Assert.Equal("old", File.ReadAllText(Path.Combine(Target, "config.json")));
        AssertAlone();
    }

    [Fact]
    public void A_failed_first_save_leaves_nothing()
    {
        Assert.Throws<IOException>(() => Save(_ => throw new IOException("No space left on device")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["deep"]));
    }

    [Fact]
    public void A_folder_of_something_else_is_not_replaced()
    {
        Directory.CreateDirectory(Target);
        File.WriteAllText(Path.Combine(Target, "thesis.txt"), "years of work");
        CheckpointException error = Assert.Throws<CheckpointException>(() => Save(_ => Assert.Fail("must not begin")));
        Assert.Contains("no config.json", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Target, "thesis.txt")));
    }

    [Fact]
    public void An_empty_folder_is_taken_and_a_file_in_the_way_is_named()
    {
        Directory.CreateDirectory(Target);
        Save(folder => File.WriteAllText(Path.Combine(folder, "config.json"), "new"));
        AssertAlone();
        string file = _folder.Write("file", 1);
        Assert.Throws<CheckpointException>(() => AtomicFolder.Write(file, "config.json", _ => Assert.Fail("must not begin")));
    }

    [Fact]
    public void A_link_to_a_folder_stays_a_link()
    {
        Save(folder => File.WriteAllText(Path.Combine(folder, "config.json"), "old"));
        Directory.CreateSymbolicLink(_folder["link"], Target);
        AtomicFolder.Write(_folder["link"] + Path.DirectorySeparatorChar, "config.json", folder => File.WriteAllText(Path.Combine(folder, "config.json"), "new"));
        Assert.NotNull(new DirectoryInfo(_folder["link"]).LinkTarget);
        Assert.Equal("new", File.ReadAllText(Path.Combine(Target, "config.json")));
    }

    private void Save(Action<string> write) => AtomicFolder.Write(Target, "config.json", write);

    private void AssertAlone() => Assert.Equal(Target, Assert.Single(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(Target)!)));
}
