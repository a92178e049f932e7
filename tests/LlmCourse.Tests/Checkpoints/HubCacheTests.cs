using LlmCourse.Checkpoints;

namespace LlmCourse.Tests.Checkpoints;

public sealed class HubCacheTests : IDisposable
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private readonly TemporaryFolder _folder = new();
    private readonly HubCache _cache;

    public HubCacheTests()
    {
        _cache = HubCache.At(_folder.Path);
        Directory.CreateDirectory(_folder[$"models--acme--tiny/snapshots/{Commit}"]);
        Directory.CreateDirectory(_folder["models--acme--tiny/refs/refs/pr"]);
        File.WriteAllText(_folder["models--acme--tiny/refs/main"], Commit);
        File.WriteAllText(_folder["models--acme--tiny/refs/v1.0"], Commit + "\r\n");
        File.WriteAllText(_folder["models--acme--tiny/refs/refs/pr/1"], Commit + "\n");
        File.WriteAllText(_folder["models--acme--tiny/refs/odd"], "../../../secret");
        File.WriteAllText(_folder["models--acme--tiny/refs/gone"], new string('a', 40));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("acme/tiny", null)]
    [InlineData("acme/tiny", "main")]
    [InlineData("acme/tiny@v1.0", null)]
    [InlineData("acme/tiny@v1.0", "v1.0")]
    [InlineData("acme/tiny@refs/pr/1", null)]
    [InlineData("acme/tiny", Commit)]
    [InlineData("acme/tiny@" + Commit, null)]
    public void Revisions_lead_to_the_snapshot(string id, string? revision) =>
        Assert.Equal(_folder[$"models--acme--tiny/snapshots/{Commit}"], _cache.Resolve(id, revision));

    [Theory]
    [InlineData("acme/none", null, "refs/main")]
    [InlineData("gpt2", null, "models--gpt2/refs/main")]
    [InlineData("acme/tiny@v2", null, "refs/v2")]
    [InlineData("acme/tiny@gone", null, "snapshots/aaaa")]
    [InlineData("acme/tiny@odd", null, "no commit")]
    [InlineData("acme/tiny", "ffffffffffffffffffffffffffffffffffffffff", "snapshots/ffff")]
    public void What_is_not_there_is_said_with_the_place(string id, string? revision, string place)
    {
        CheckpointException error = Assert.Throws<CheckpointException>(() => _cache.Resolve(id, revision));
        Assert.Contains(place, error.Message.Replace('\\', '/'), StringComparison.Ordinal);
        Assert.Contains(_folder.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains("HF_HUB_CACHE", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("../acme", null)]
    [InlineData("acme/..", null)]
    [InlineData("acme/../tiny", null)]
    [InlineData("acme\\tiny", null)]
    [InlineData("/acme/tiny", null)]
    [InlineData("C:/tiny", null)]
    [InlineData("acme--x/tiny", null)]
    [InlineData("acme/tiny\n", null)]
    [InlineData("acme/tiny@", null)]
    [InlineData("acme/tiny", "")]
    [InlineData("acme/tiny", "../../x")]
    [InlineData("acme/tiny", "a/../b")]
    [InlineData("acme/tiny", "a\\b")]
    [InlineData("acme/tiny", "/etc")]
    [InlineData("acme/tiny@v1", "v2")]
    public void Names_that_could_leave_the_cache_are_no_names(string id, string? revision) =>
        Assert.Throws<ArgumentException>(() => _cache.Resolve(id, revision));

    [Fact]
    public void Known_absences_are_found()
    {
        string snapshot = _cache.Resolve("acme/tiny");
        Directory.CreateDirectory(_folder[$"models--acme--tiny/.no_exist/{Commit}"]);
        File.WriteAllText(_folder[$"models--acme--tiny/.no_exist/{Commit}/nope.bin"], "");
        Assert.True(HubCache.IsKnownAbsent(snapshot, "nope.bin"));
        Assert.False(HubCache.IsKnownAbsent(snapshot, "config.json"));
    }

    [Theory]
    [InlineData("HF_HUB_CACHE=/a;HF_HOME=/b", "/a")]
    [InlineData("HF_HOME=/b;XDG_CACHE_HOME=/c", "/b/hub")]
    [InlineData("HF_HUB_CACHE=;XDG_CACHE_HOME=/c", "/c/huggingface/hub")]
    [InlineData("HF_HOME=~/x", "~/x/hub")]
    [InlineData("", "~/.cache/huggingface/hub")]
    public void The_environment_says_where_the_cache_is(string environment, string folder)
    {
        Dictionary<string, string> variables = environment.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        string user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Assert.Equal(Path.GetFullPath(folder.Replace("~", user, StringComparison.Ordinal)), HubCache.FromEnvironment(variables.GetValueOrDefault).Folder);
    }
}
