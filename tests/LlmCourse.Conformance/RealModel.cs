using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Generation;
using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Chat;
using LlmCourse.Transformers;

namespace LlmCourse.Conformance;

/// <summary>A real model of <c>shared/models</c>, with what its golden files need to be compared.</summary>
internal sealed class RealModel : IDisposable
{
    private const string ChatPrefix = "chat: ";

    private readonly PretrainedTokenizer? _folderTokenizer;

    private RealModel(Llm llm, string folder, JsonElement config)
    {
        Llm = llm;
        Config = config;
        string settings = Path.Combine(folder, "generation_config.json");
        GenerationConfig = File.Exists(settings) ? Shared.Json(settings) : null;
        _folderTokenizer = File.Exists(Path.Combine(folder, "tokenizer.json")) ? PretrainedTokenizer.Load(folder) : null;
        HasTokenizer = _folderTokenizer is not null || Directory.EnumerateFiles(folder, "*.gguf").Any();
    }

    public Llm Llm { get; }

    private bool HasTokenizer { get; }

    private JsonElement Config { get; }

    private JsonElement? GenerationConfig { get; }

    /// <summary>Loads a folder, or the GGUF file in a folder that has its weights in one; skips where there are none.</summary>
    public static RealModel Load(string folder)
    {
        ModelFixture.RequireDevice();
        string? gguf = Directory.EnumerateFiles(folder, "*.gguf").Order(StringComparer.Ordinal).FirstOrDefault();
        bool hasWeights = Directory.EnumerateFiles(folder, "*.safetensors").Any();
        Skip.If(!hasWeights && gguf is null, $"{Path.GetFileName(folder)}: the weights are not here");
        JsonElement config = Pretrained.ReadConfig(folder);
        try
        {
            return new RealModel(Llm.Load(hasWeights ? folder : gguf!, new LoadOptions { Device = ModelFixture.Device }), folder, config);
        }
        catch (UnsupportedModelException error) when (Shared.IsForeignRoot)
        {
            Skip.If(true, error.Message);
            throw;
        }
    }

    /// <summary>
    /// The tokens of a golden entry's prompt as this library makes them, which must be the golden ones: by the model's own
    /// tokenizer, and by the one of the folder, where the model's came from inside a GGUF file.
    /// </summary>
    public int[] PromptIds(JsonElement entry)
    {
        if (!HasTokenizer && entry.TryGetProperty("prompt_ids", out JsonElement only))
            return only.Ints();
        Skip.IfNot(HasTokenizer, "the model has no tokenizer, and the golden file no ids of the prompt");
        ChatMessage[]? chat = Chat(entry);
        string text = chat is not null ? Llm.RenderChat(chat) : Filled(entry);
        int[] ids = Llm.Tokenizer.EncodeIds(text, addSpecialTokens: chat is null);
        if (_folderTokenizer is not null)
            Assert.Equal(_folderTokenizer.EncodeIds(text, addSpecialTokens: chat is null), ids);
        if (entry.TryGetProperty("prompt_ids", out JsonElement golden))
            Assert.Equal(golden.Ints(), ids);
        if (entry.TryGetProperty("prompt_tokens", out JsonElement count))
            Assert.Equal(count.GetInt32(), ids.Length);
        if (entry.Optional("prompt_ids_sha256") is { } sum)
            Assert.Equal(sum, Sha256(ids));
        return ids;
    }

    /// <summary>Generates with transformers' keys on top of the model's own.</summary>
    public IReadOnlyList<Completion> Generate(int[] prompt, JsonElement settings)
    {
        Dictionary<string, JsonElement> merged = (GenerationConfig ?? Config).EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value);
        foreach (JsonProperty setting in settings.EnumerateObject())
            merged[setting.Name] = setting.Value;
        GenerationDefaults defaults = GenerationDefaults.Parse(JsonSerializer.SerializeToElement(merged), Config);
        return new TokenGenerator(Llm.Model, ForwardContext.Evaluation, defaults, Llm.Tokenizer).Generate([prompt], null);
    }

    /// <summary>The SHA-256 of ids as little-endian int32.</summary>
    public static string Sha256(int[] ids) => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(ids.AsSpan())));

    public void Dispose() => Llm.Dispose();

    private static ChatMessage[]? Chat(JsonElement entry)
    {
        if (entry.TryGetProperty("chat", out JsonElement messages))
            return [.. messages.EnumerateArray().Select(message => new ChatMessage(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!))];
        return entry.Optional("prompt") is { } prompt && prompt.StartsWith(ChatPrefix, StringComparison.Ordinal)
            ? [new ChatMessage("user", prompt[ChatPrefix.Length..])] : null;
    }

    /// <summary>The entry's text, with what its references name in the places {0}, {1}, ...</summary>
    private static string Filled(JsonElement entry)
    {
        string text = entry.Optional("text") ?? entry.GetProperty("prompt").GetString()!;
        if (!entry.TryGetProperty("refs", out JsonElement references))
            return text;
        return string.Format(CultureInfo.InvariantCulture, text, [.. references.EnumerateArray().Select(Referenced)]);
    }

    private static string Referenced(JsonElement reference)
    {
        string path = Path.Combine(Shared.Folder!, reference.GetProperty("file").GetString()!);
        Skip.IfNot(File.Exists(path), $"the data file {reference.GetProperty("file").GetString()} is not here");
        string line = File.ReadLines(path).ElementAt(reference.GetProperty("line").GetInt32());
        return JsonDocument.Parse(line).RootElement.GetProperty(reference.GetProperty("field").GetString()!).GetString()!;
    }
}
