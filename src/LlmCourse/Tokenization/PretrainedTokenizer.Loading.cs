using System.Text;
using LlmCourse.Runtime;

namespace LlmCourse.Tokenization;

/// <content>Where tokenizers come from.</content>
public sealed partial class PretrainedTokenizer
{
    /// <summary>What a tokenizer may consist of.</summary>
    internal static readonly string[] FileNames =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
        "vocab.json", "merges.txt", "vocab.txt", "spiece.model", "tokenizer.model",
    ];

    private static readonly string[] SentencePieceFiles = ["spiece.model", "tokenizer.model"];

    private const long MaxModelBytes = 256 << 20;

    private string? _folder;

    /// <summary>The texts of the files by name, where the tokenizer was made from texts.</summary>
    private Dictionary<string, string> _texts = [];

    /// <summary>
    /// Loads a tokenizer from a folder with tokenizer.json (or a SentencePiece model, or vocab.json and merges.txt, or vocab.txt) and
    /// the files beside it that name special tokens, or from a tokenizer.json.
    /// </summary>
    /// <param name="folderOrFile">The folder or the file.</param>
    /// <returns>The tokenizer.</returns>
    public static PretrainedTokenizer Load(string folderOrFile)
    {
        ArgumentException.ThrowIfNullOrEmpty(folderOrFile);
        string folder = Directory.Exists(folderOrFile) ? folderOrFile : Path.GetDirectoryName(Path.GetFullPath(folderOrFile))!;
        string file = Directory.Exists(folderOrFile) ? Path.Combine(folder, "tokenizer.json") : folderOrFile;
        string? Text(string name) => ReadText(folder, name);
        bool isJson = File.Exists(file);
        TokenizerConfig config = TokenizerConfig.Read(
            Text("tokenizer_config.json"), Text("special_tokens_map.json"), Text("chat_template.jinja"), Text("added_tokens.json"));
        TokenizerParts parts = isJson ? TokenizerJson.Read(File.ReadAllText(file, Encoding.UTF8))
            : SentencePiece(folder) is { } model ? TokenizerJson.Read(SentencePieceTranslation.Translate(model, config))
            : Text("vocab.json") is string vocab && Text("merges.txt") is string merges ? VocabularyFiles.Bpe(vocab, merges, config)
            : Text("vocab.txt") is string words ? VocabularyFiles.WordPiece(words, config)
            : throw new TokenizerException($"'{folderOrFile}' has no tokenizer.json, no spiece.model or tokenizer.model, no vocab.json with merges.txt, and no vocab.txt.");
        return new(config.ApplyTo(parts)) { _folder = folder };
    }

    /// <summary>Writes the files the tokenizer was made from into a folder, unchanged; for GGUF, the files that say the same.</summary>
    /// <param name="folder">The folder; it is created if it does not exist.</param>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        if (_folder is not null && Path.GetFullPath(folder) == Path.GetFullPath(_folder))
            return;
        foreach ((string name, byte[] content) in Files())
        {
            string temporary = Path.Combine(folder, $".{name}.{Guid.NewGuid():N}");
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, Path.Combine(folder, name), overwrite: true);
        }
    }

    /// <summary>The files that say what this tokenizer is.</summary>
    internal IEnumerable<(string Name, byte[] Content)> Files() => _folder is null
        ? _texts.Select(file => (file.Key, Encoding.UTF8.GetBytes(file.Value)))
        : FileNames.Where(name => File.Exists(Path.Combine(_folder, name))).Select(name => (name, File.ReadAllBytes(Path.Combine(_folder, name))));

    /// <summary>Makes a tokenizer from the texts of its files.</summary>
    /// <param name="json">The text of tokenizer.json.</param>
    /// <param name="configJson">The text of tokenizer_config.json, if there is one.</param>
    /// <param name="specialTokensMapJson">The text of special_tokens_map.json, if there is one.</param>
    /// <returns>The tokenizer.</returns>
    public static PretrainedTokenizer FromJson(string json, string? configJson = null, string? specialTokensMapJson = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        TokenizerParts parts = TokenizerJson.Read(json);
        Dictionary<string, string> texts = new() { ["tokenizer.json"] = json };
        if (configJson is not null)
            texts["tokenizer_config.json"] = configJson;
        if (specialTokensMapJson is not null)
            texts["special_tokens_map.json"] = specialTokensMapJson;
        return new(TokenizerConfig.Read(configJson, specialTokensMapJson, null).ApplyTo(parts)) { _texts = texts };
    }

    /// <summary>Makes a tokenizer from the vocabulary inside a GGUF file, which is translated into tokenizer.json.</summary>
    /// <param name="metadata">The file's metadata; the keys that begin with tokenizer. are used.</param>
    /// <returns>The tokenizer.</returns>
    internal static PretrainedTokenizer FromGguf(IReadOnlyDictionary<string, object> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        (string json, string configJson) = GgufVocabulary.Translate(metadata);
        return FromJson(json, configJson);
    }

    /// <summary>Whether a folder has what a tokenizer can be made of.</summary>
    internal static bool Exists(string folder) =>
        Array.Exists(["tokenizer.json", .. SentencePieceFiles, "vocab.json", "vocab.txt"], name => File.Exists(Path.Combine(folder, name)));

    private static SentencePieceModel? SentencePiece(string folder)
    {
        string? path = Array.Find([.. SentencePieceFiles.Select(name => Path.Combine(folder, name))], File.Exists);
        if (path is null)
            return null;
        if (new FileInfo(path).Length > MaxModelBytes)
            throw new TokenizerException($"{path} is larger than {MaxModelBytes >> 20} MB, which no SentencePiece model is.");
        return SentencePieceModel.Parse(File.ReadAllBytes(path), Path.GetFileName(path));
    }

    private static string? ReadText(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? File.ReadAllText(path, Encoding.UTF8) : null;
    }
}
