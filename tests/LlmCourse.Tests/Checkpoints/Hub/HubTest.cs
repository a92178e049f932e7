using LlmCourse.Checkpoints;
using LlmCourse.Checkpoints.Hub;

namespace LlmCourse.Tests.Checkpoints.Hub;

/// <summary>A server with one small model, and an empty cache.</summary>
public abstract class HubTest : IAsyncLifetime
{
    private protected const string Snapshot = $"models--acme--tiny/snapshots/{HubServer.Commit}";

    private protected TemporaryFolder Cache { get; } = new();

    private protected InstantTime Time { get; } = new();

    private protected HubServer Server { get; private set; } = null!;

    private protected HubSettings Settings { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await HubServer.StartAsync();
        byte[] weights = new byte[600_000]; // more than one buffer
        new Random(1).NextBytes(weights);
        Server.Files["config.json"] = """{"model_type":"llama"}"""u8.ToArray();
        Server.Files["tokenizer.json"] = "{}"u8.ToArray();
        Server.Files["model.safetensors"] = weights;
        Server.Files["pytorch_model.bin"] = [1];
        Server.Files["onnx/model.onnx"] = [2];
        Settings = new HubSettings { Cache = HubCache.At(Cache.Path), Endpoint = Server.Address, Token = "secret", Time = Time };
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Cache.Dispose();
    }

    private protected Task<string> Load(string id = HubServer.Model, HubSettings? settings = null) =>
        HubDownload.RunAsync(HubId.Parse(id, null), settings ?? Settings, null, default);

    private protected async Task<string> Fails(string id = HubServer.Model) => (await Assert.ThrowsAsync<HubException>(() => Load(id))).Message;

    /// <summary>Waits until so much of a file is in the cache, and no more: what a server has sent it cannot know to have arrived.</summary>
    private protected async Task PartHas(string file, long bytes)
    {
        FileInfo part = new(Cache[$"models--acme--tiny/blobs/{Server.ETag(file)}.incomplete"]);
        for (int i = 0; i < 6000; i++)
        {
            part.Refresh();
            if (part.Exists && part.Length == bytes)
                return;
            await Task.Delay(20);
        }

        Assert.Fail($"{file} does not come.");
    }

    private protected HubServer.Request LastGet(string file) =>
        Server.Requests.Last(request => request.Method == "GET" && request.Path.EndsWith(file, StringComparison.Ordinal));
}
