using System.Text;
using LlmCourse.Runtime;

namespace LlmCourse.Tokenization;

/// <content>Where tokenizers come from.</content>
public sealed partial class PretrainedTokenizer
{
    private static readonly string[] FileNames =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
        "vocab.json", "merges.txt", "vocab.txt", "spiece.model", "tokenizer.model",
    ];

    private string? _folder;

    /// <summary>
    /// Loads a tokenizer from a folder with tokenizer.json (or vocab.json and merges.txt, or vocab.txt) and the files beside it
    /// that name special tokens, or from a tokenizer.json.
    /// </summary>
    /// <param name="folderOrFile">The folder or the file.</param>
    /// <returns>The tokenizer.</returns>
    public static PretrainedTokenizer Load(string folderOrFile)
    {
        ArgumentException.ThrowIfNullOrEmpty(folderOrFile);
        string folder = Directory.Exists(folderOrFile) ? folderOrFile : Path.GetDirectoryName(Path.GetFullPath(folderOrFile))!;
        string file = Directory.Exists(folderOrFile) ? Path.Combine(folder, "tokenizer.json") : folderOrFile;
        TokenizerConfig config = TokenizerConfig.Read(ReadText(folder, "tokenizer_config.json"), ReadText(folder, "special_tokens_map.json"), ReadText(folder, "chat_template.jinja"));
        TokenizerParts parts = File.Exists(file) ? TokenizerJson.Read(File.ReadAllText(file, Encoding.UTF8))
            : ReadText(folder, "vocab.json") is string vocab && ReadText(folder, "merges.txt") is string merges ? VocabularyFiles.Bpe(vocab, merges)
            : ReadText(folder, "vocab.txt") is string words ? VocabularyFiles.WordPiece(words, config)
            : throw new TokenizerException($"'{folderOrFile}' has no tokenizer.json, no vocab.json with merges.txt, and no vocab.txt. A SentencePiece model alone is not supported.");
        return new(config.ApplyTo(parts)) { _folder = folder };
    }

    /// <summary>Writes the files the tokenizer was loaded from into a folder, unchanged.</summary>
    /// <param name="folder">The folder; it is created if it does not exist.</param>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (_folder is null)
            throw new InvalidOperationException("Only a tokenizer that was loaded from a folder has files to save.");
        Directory.CreateDirectory(folder);
        if (Path.GetFullPath(folder) == Path.GetFullPath(_folder))
            return;
        foreach (string name in FileNames.Where(name => File.Exists(Path.Combine(_folder, name))))
        {
            string temporary = Path.Combine(folder, $".{name}.{Guid.NewGuid():N}");
            File.WriteAllBytes(temporary, File.ReadAllBytes(Path.Combine(_folder, name)));
            File.Move(temporary, Path.Combine(folder, name), overwrite: true);
        }
    }

    /// <summary>Makes a tokenizer from the texts of its files.</summary>
    /// <param name="json">The text of tokenizer.json.</param>
    /// <param name="configJson">The text of tokenizer_config.json, if there is one.</param>
    /// <param name="specialTokensMapJson">The text of special_tokens_map.json, if there is one.</param>
    /// <returns>The tokenizer.</returns>
    public static PretrainedTokenizer FromJson(string json, string? configJson = null, string? specialTokensMapJson = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        TokenizerParts parts = TokenizerJson.Read(json);
        return new(TokenizerConfig.Read(configJson, specialTokensMapJson, null).ApplyTo(parts));
    }

    /// <summary>Makes a tokenizer from the vocabulary inside a GGUF file.</summary>
    /// <param name="metadata">The file's metadata; the keys that begin with tokenizer. are used.</param>
    /// <returns>The tokenizer.</returns>
    public static PretrainedTokenizer FromGguf(IReadOnlyDictionary<string, object> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return new(GgufVocabulary.Read(metadata));
    }

    private static string? ReadText(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? File.ReadAllText(path, Encoding.UTF8) : null;
    }
}
