using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Generation;
using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Chat;
using LlmCourse.Transformers;

namespace LlmCourse;

/// <summary>What a checkpoint has beside configuration and weights: tokenizer, chat template, generation defaults.</summary>
internal sealed record ModelFiles
{
    private const string GenerationFile = "generation_config.json";

    // Written as they are when the model is saved.
    private readonly Dictionary<string, byte[]> _copies = [];

    public PretrainedTokenizer? Tokenizer { get; private init; }

    public string? ChatTemplate { get; private init; }

    public required GenerationDefaults Defaults { get; init; }

    public static ModelFiles OfFolder(string folder)
    {
        string generation = Path.Combine(folder, GenerationFile);
        JsonElement? defaults = File.Exists(generation) ? JsonFile.Read(generation) : null;
        bool hasTokenizer = File.Exists(Path.Combine(folder, "tokenizer.json"));
        ModelFiles files = new()
        {
            Tokenizer = hasTokenizer ? PretrainedTokenizer.Load(folder) : null,
            ChatTemplate = hasTokenizer ? ChatTemplateSource.Find(folder) : null,
            Defaults = GenerationDefaults.Parse(defaults, Pretrained.ReadConfig(folder)),
        };
        foreach (string name in PretrainedTokenizer.FileNames.Append(GenerationFile).Where(name => File.Exists(Path.Combine(folder, name))))
            files._copies[name] = File.ReadAllBytes(Path.Combine(folder, name));
        return files;
    }

    public static ModelFiles OfGguf(LlamaGguf gguf)
    {
        PretrainedTokenizer tokenizer = PretrainedTokenizer.FromGguf(gguf.File.Metadata);
        ModelFiles files = new()
        {
            Tokenizer = tokenizer,
            ChatTemplate = tokenizer.ChatTemplate,
            Defaults = GenerationDefaults.Parse(null, gguf.Config),
        };
        foreach ((string name, byte[] content) in tokenizer.Files())
            files._copies[name] = content;
        return files;
    }

    public static ModelFiles Of(TransformerConfig config, PretrainedTokenizer? tokenizer) => new()
    {
        Tokenizer = tokenizer,
        ChatTemplate = tokenizer?.ChatTemplate,
        Defaults = new GenerationDefaults
        {
            EosTokenIds = config.EosTokenIds,
            BosTokenId = config.BosTokenId,
            PadTokenId = config.PadTokenId,
            DecoderStartTokenId = config.DecoderStartTokenId,
        },
    };

    public void Write(string folder)
    {
        foreach ((string name, byte[] content) in _copies)
            File.WriteAllBytes(Path.Combine(folder, name), content);
    }
}
