using LlmCourse.Checkpoints;
using LlmCourse.Lifecycle;

namespace LlmCourse.Tests.Checkpoints.Hub;

/// <summary>The front door finds the hub by the environment, which belongs to the whole process.</summary>
[Collection(ProcessWide.Name)]
public sealed class HubLoadTests : HubTest
{
    [Fact]
    public async Task A_model_is_loaded_by_its_name()
    {
        using TemporaryFolder made = TinyLlm.Folder("llama", chat: true);
        using Llm original = Llm.FromConfig(made.Path, 3, new LoadOptions { Device = TestDevice.Device });
        original.Save(made["saved"], maxShardBytes: 8_000);
        Server.Files.Clear();
        foreach (string file in Directory.GetFiles(made["saved"]))
            Server.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        Dictionary<string, string?> before = SetEnvironment();
        try
        {
            List<LoadProgress> heard = [];
            using Llm loaded = await Llm.LoadAsync("acme/tiny", new LoadOptions { Device = TestDevice.Device }, new Collector(heard));
            Assert.Equal(original.GenerateFromIds([[1, 2, 3]])[0].Tokens, loaded.GenerateFromIds([[1, 2, 3]])[0].Tokens);
            Assert.True(loaded.HasChatTemplate);
            Assert.Equal((true, 1.0), (heard[0].IsDownload, heard.Last(now => now.IsDownload).Fraction));
            Assert.Equal((false, 1.0), (heard[^1].IsDownload, heard[^1].Fraction));
            Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", "1");
            using Llm again = Llm.Load("acme/tiny@main", new LoadOptions { Device = TestDevice.Device });
            Assert.Throws<CheckpointException>(() => Llm.Load("acme/other"));
            Assert.Throws<ArgumentException>(() => Llm.Load("no/such/folder"));
            Assert.All(Server.Requests, request => Assert.Equal("Bearer mine", request.Authorization));
        }
        finally
        {
            Set(before);
        }
    }

    [Fact]
    public void A_plan_takes_the_configuration_alone()
    {
        using TemporaryFolder made = TinyLlm.Folder("llama");
        Server.Files["config.json"] = File.ReadAllBytes(made["config.json"]);
        Server.Files["x.gguf"] = [1];
        Dictionary<string, string?> before = SetEnvironment();
        try
        {
            MemoryPlanOptions options = new() { Length = 8 };
            MemoryPlan expected = MemoryPlanner.Plan(made.Path, options);
            Assert.Equal(expected.ToString(), MemoryPlanner.Plan("acme/tiny", options).ToString());
            Assert.Equal(expected.ToString(), MemoryPlanner.Plan($"acme/tiny@{HubServer.Commit}", options).ToString());
            Assert.Equal(["config.json"], Directory.GetFiles(Cache[Snapshot]).Select(Path.GetFileName));
            Assert.Throws<CheckpointException>(() => MemoryPlanner.Plan("acme/tiny/x.gguf")); // its configuration is among its weights
            Assert.Throws<HubException>(() => MemoryPlanner.Plan($"acme/tiny@{new string('f', 40)}"));
            Assert.Throws<ArgumentException>(() => MemoryPlanner.Plan("no/such/folder"));
            Assert.DoesNotContain(Server.Requests, request => request.Path.EndsWith("safetensors", StringComparison.Ordinal) || request.Path.EndsWith("gguf", StringComparison.Ordinal));
            Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", "1");
            int asked = Server.Requests.Count;
            Assert.Equal(expected.ToString(), MemoryPlanner.Plan($"acme/tiny@{HubServer.Commit}", options).ToString());
            Assert.Throws<CheckpointException>(() => MemoryPlanner.Plan("acme/other"));
            Assert.Equal(asked, Server.Requests.Count);
        }
        finally
        {
            Set(before);
        }
    }

    [Theory]
    [InlineData("HF_TOKEN= a1 ", "a1", "https://huggingface.co/", false)]
    [InlineData("HF_ENDPOINT=http://host:5/hub;HF_HUB_OFFLINE=true", null, "http://host:5/hub/", true)]
    [InlineData("HF_HUB_OFFLINE=0;HF_TOKEN_PATH={0}", "from a file", "https://huggingface.co/", false)]
    [InlineData("HF_HOME={1}", "from a file", "https://huggingface.co/", false)]
    [InlineData("HF_TOKEN=b;HF_HOME={1}", "b", "https://huggingface.co/", false)]
    public void The_environment_says_who_asks_whom(string variables, string? token, string endpoint, bool offline)
    {
        Cache.Write("token", "fromafile\n"u8);
        string text = variables.Replace("{0}", Cache["token"], StringComparison.Ordinal).Replace("{1}", Cache.Path, StringComparison.Ordinal);
        Dictionary<string, string> named = text.Split(';').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        var settings = LlmCourse.Checkpoints.Hub.HubSettings.FromEnvironment(name => named.GetValueOrDefault(name, name == "HF_HOME" ? Cache["absent"] : ""));
        Assert.Equal((token?.Replace(" ", "", StringComparison.Ordinal), endpoint, offline), (settings.Token, settings.Endpoint.AbsoluteUri, settings.IsOffline));
    }

    [Theory]
    [InlineData("HF_ENDPOINT", "huggingface")]
    [InlineData("HF_ENDPOINT", "ftp://x")]
    [InlineData("HF_ENDPOINT", "https://user:word@x")]
    [InlineData("HF_TOKEN", "two words")]
    [InlineData("HF_TOKEN", "a\r\nX-Evil: 1")]
    public void What_cannot_be_one_is_refused_without_showing_it(string name, string value)
    {
        HubException error = Assert.Throws<HubException>(() => LlmCourse.Checkpoints.Hub.HubSettings.FromEnvironment(asked => asked == name ? value : asked == "HF_HOME" ? Cache["absent"] : null));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(value, error.Message, StringComparison.Ordinal);
    }

    /// <summary>Our server and cache; returns what stood there before.</summary>
    private Dictionary<string, string?> SetEnvironment()
    {
        Dictionary<string, string?> environment = new()
        {
            ["HF_ENDPOINT"] = Server.Address.AbsoluteUri,
            ["HF_HUB_CACHE"] = Cache.Path,
            ["HF_TOKEN"] = "mine",
            ["HF_HUB_OFFLINE"] = null,
        };
        Dictionary<string, string?> before = environment.Keys.ToDictionary(name => name, Environment.GetEnvironmentVariable);
        Set(environment);
        return before;
    }

    private static void Set(Dictionary<string, string?> variables)
    {
        foreach ((string name, string? value) in variables)
            Environment.SetEnvironmentVariable(name, value);
    }

    private sealed class Collector(List<LoadProgress> heard) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => heard.Add(value);
    }
}
