using System.Text;
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
    private const string ChatTemplateFile = "chat_template.jinja";

    // Our own: Hugging Face's folders have one tokenizer.
    private const string AnswerFolder = "answer_tokenizer";

    // Written as they are when the model is saved.
    private Dictionary<string, byte[]> _copies = [];

    public PretrainedTokenizer? Tokenizer { get; private init; }

    /// <summary>Of an encoder–decoder's answers, where it is another one.</summary>
    public PretrainedTokenizer? AnswerTokenizer { get; private init; }

    public string? ChatTemplate { get; private init; }

    /// <summary>The template for conversations with tools, where it is another one.</summary>
    public string? ToolTemplate { get; private init; }

    public required GenerationDefaults Defaults { get; init; }

    public static ModelFiles OfFolder(string folder)
    {
        string generation = Path.Combine(folder, GenerationFile);
        JsonElement? defaults = File.Exists(generation) ? JsonFile.Read(generation) : null;
        bool hasTokenizer = PretrainedTokenizer.Exists(folder);
        string answer = Path.Combine(folder, AnswerFolder);
        ModelFiles files = new()
        {
            AnswerTokenizer = Directory.Exists(answer) ? PretrainedTokenizer.Load(answer) : null,
            Tokenizer = hasTokenizer ? PretrainedTokenizer.Load(folder) : null,
            ChatTemplate = hasTokenizer ? ChatTemplateSource.Find(folder) : null,
            ToolTemplate = hasTokenizer ? ChatTemplateSource.Find(folder, ChatTemplateSource.ToolName) : null,
            Defaults = GenerationDefaults.Parse(defaults, Pretrained.ReadConfig(folder)),
        };
        IEnumerable<string> names = [GenerationFile, .. PretrainedTokenizer.FileNames, .. PretrainedTokenizer.FileNames.Select(name => $"{AnswerFolder}/{name}")];
        foreach (string name in names.Where(name => File.Exists(Path.Combine(folder, name))))
            files._copies[name] = File.ReadAllBytes(Path.Combine(folder, name));
        return files;
    }

    public static ModelFiles OfGguf(GgufModel gguf)
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

    /// <summary>The same with the tokenizers that the options name, if they do. Of a tokenizer that is replaced no file is left.</summary>
    public ModelFiles With(LoadOptions options)
    {
        if (options.Tokenizer is null && options.AnswerTokenizer is null)
            return this;
        Dictionary<string, byte[]> copies = new(_copies);
        Replace(options.Tokenizer, "");
        Replace(options.AnswerTokenizer, $"{AnswerFolder}/");
        if (options.Tokenizer is { ChatTemplate: null } && ChatTemplate is not null)
            copies[ChatTemplateFile] = Encoding.UTF8.GetBytes(ChatTemplate); // it may have been in a file of the tokenizer before
        return this with
        {
            Tokenizer = options.Tokenizer ?? Tokenizer,
            AnswerTokenizer = options.AnswerTokenizer ?? AnswerTokenizer,
            ChatTemplate = options.Tokenizer?.ChatTemplate ?? ChatTemplate,
            ToolTemplate = options.Tokenizer?.ChatTemplate is null ? ToolTemplate : null,
            _copies = copies,
        };

        void Replace(PretrainedTokenizer? tokenizer, string prefix)
        {
            if (tokenizer is null)
                return;
            foreach (string name in PretrainedTokenizer.FileNames)
                copies.Remove(prefix + name);
            foreach ((string name, byte[] content) in tokenizer.Files())
                copies[prefix + name] = content;
        }
    }

    public void Write(string folder)
    {
        foreach ((string name, byte[] content) in _copies)
        {
            string path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
        }
    }
}
