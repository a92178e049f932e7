using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Encoders;

/// <summary>
/// What a folder of sentence-transformers says: its modules in <c>modules.json</c>, their settings, prompts and the comparison that
/// the embeddings are made for. A folder without <c>modules.json</c> is a transformer whose states are averaged.
/// </summary>
internal sealed class SentenceFolder : IDisposable
{
    private static readonly string[] TransformerFiles =
    [
        "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json", "sentence_camembert_config.json",
        "sentence_albert_config.json", "sentence_xlm-roberta_config.json", "sentence_xlnet_config.json",
    ];

    // The booleans of a pooling's settings, and the words of newer files for the same.
    private static readonly (PoolingMode Mode, string Flag, string Word)[] Modes =
    [
        (PoolingMode.Cls, "pooling_mode_cls_token", "cls"),
        (PoolingMode.Max, "pooling_mode_max_tokens", "max"),
        (PoolingMode.Mean, "pooling_mode_mean_tokens", "mean"),
        (PoolingMode.MeanSqrtLength, "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
        (PoolingMode.WeightedMean, "pooling_mode_weightedmean_tokens", "weightedmean"),
        (PoolingMode.LastToken, "pooling_mode_lasttoken", "lasttoken"),
    ];

    private readonly List<ISentenceModule> _modules = [];

    private SentenceFolder(string folder)
    {
        TransformerPath = folder;
        ModuleFolder settings = new(folder, "config_sentence_transformers.json");
        Prompts = settings.Texts("prompts");
        DefaultPrompt = settings.Text("default_prompt_name");
        if (DefaultPrompt is not null && !Prompts.ContainsKey(DefaultPrompt))
            throw new CheckpointException(settings.File, $"\"default_prompt_name\" is \"{DefaultPrompt}\", and no prompt is called that.");
        string similarity = settings.Text("similarity_fn_name") ?? "cosine";
        Similarity = similarity switch
        {
            "cosine" => SimilarityFunction.Cosine,
            "dot" => SimilarityFunction.Dot,
            "euclidean" => SimilarityFunction.Euclidean,
            "manhattan" => SimilarityFunction.Manhattan,
            _ => throw new CheckpointException(settings.File, $"\"similarity_fn_name\": \"{similarity}\" is not supported; supported: cosine, dot, euclidean, manhattan."),
        };
    }

    /// <summary>Where the transformer is.</summary>
    public string TransformerPath { get; private set; }

    /// <summary>The most tokens that are read of a text, special ones included, or null where the folder sets none.</summary>
    public int? MaxLength { get; private set; }

    /// <summary>Whether texts are put in lower case before they are tokenized.</summary>
    public bool Lowers { get; private set; }

    /// <summary>Where a text that is too long is cut.</summary>
    public Side TruncationSide { get; private set; } = Side.Right;

    public Pooling Pooling { get; private set; } = Pooling.Default;

    /// <summary>What comes behind the pooling.</summary>
    public IReadOnlyList<ISentenceModule> Modules => _modules;

    public IReadOnlyDictionary<string, string> Prompts { get; }

    public string? DefaultPrompt { get; }

    public SimilarityFunction Similarity { get; }

    public static SentenceFolder Open(string folder, ScalarType type, Device device)
    {
        SentenceFolder read = new(folder);
        try
        {
            read.ReadModules(folder, type, device);
            read.ReadTransformer();
            return read;
        }
        catch
        {
            read.Dispose();
            throw;
        }
    }

    /// <summary>The settings of a pooling.</summary>
    internal static Pooling ReadPooling(ModuleFolder folder)
    {
        IReadOnlyList<string> words = folder.Names("pooling_mode");
        foreach (string word in words)
        {
            if (!Array.Exists(Modes, mode => mode.Word == word))
                throw new CheckpointException(folder.File, $"\"pooling_mode\": \"{word}\" is not supported; supported: {string.Join(", ", Modes.Select(mode => mode.Word))}.");
        }

        PoolingMode[] modes = words.Count > 0
            ? [.. Modes.Where(mode => words.Contains(mode.Word)).Select(mode => mode.Mode)]
            : [.. Modes.Where(mode => folder.Flag(mode.Flag, mode.Mode == PoolingMode.Mean)).Select(mode => mode.Mode)];
        return modes.Length > 0 ? new Pooling(modes, folder.Flag("include_prompt", true)) : throw new CheckpointException(folder.File, "no pooling mode is on.");
    }

    public void Dispose()
    {
        foreach (ISentenceModule module in _modules)
            module.Dispose();
    }

    private void ReadModules(string folder, ScalarType type, Device device)
    {
        string file = Path.Combine(folder, "modules.json");
        if (!File.Exists(file))
            return;
        JsonElement list = JsonFile.Read(file);
        if (list.ValueKind != JsonValueKind.Array)
            throw new CheckpointException(file, "it must hold a list.");
        int number = 0;
        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object || Name(entry, "type") is not { } module || Name(entry, "path") is not { } path)
                throw new CheckpointException(file, $"module {number} must have a \"type\" and a \"path\".");
            string full = Path.GetFullPath(Path.Combine(folder, path)), root = Path.GetFullPath(folder);
            if (full != root && !full.StartsWith(Path.TrimEndingDirectorySeparator(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new CheckpointException(file, $"module {number}: the path '{path}' leads out of the folder.");
            Add(file, number++, module, new ModuleFolder(full, "config.json"), type, device);
        }

        if (number < 2)
            throw new CheckpointException(file, "there must be a Transformer and a Pooling.");
    }

    // The first two are the transformer and the pooling, in this order.
    private void Add(string file, int number, string module, ModuleFolder folder, ScalarType type, Device device)
    {
        string kind = module.Split('.')[^1], wanted = number switch { 0 => "Transformer", 1 => "Pooling", _ => kind };
        if (kind != wanted)
            throw new CheckpointException(file, $"module {number} is a {module}, and a {wanted} is supported there.");
        switch (kind)
        {
            case "Transformer" when number == 0:
                TransformerPath = folder.Path;
                break;
            case "Pooling" when number == 1:
                Pooling = ReadPooling(folder);
                break;
            case "Dense":
                _modules.Add(new SentenceDense(folder, type, device));
                break;
            case "LayerNorm":
                _modules.Add(new SentenceNorm(folder, type, device));
                break;
            case "Normalize":
                _modules.Add(new SentenceNormalize());
                break;
            case "Dropout": // nothing outside training
                break;
            default:
                throw new CheckpointException(file, $"module {number} is a {module}, which is not supported; supported: Transformer, Pooling, Dense, LayerNorm, Normalize, Dropout.");
        }
    }

    private void ReadTransformer()
    {
        string? file = Array.Find(TransformerFiles, name => File.Exists(Path.Combine(TransformerPath, name)));
        ModuleFolder settings = new(TransformerPath, file ?? TransformerFiles[0]), tokenizer = new(TransformerPath, "tokenizer_config.json");
        // Without a limit of its own the tokenizer's counts; the model's is known to whoever loads it.
        MaxLength = settings.OptionalWhole("max_seq_length") ?? tokenizer.OptionalWhole("model_max_length");
        Lowers = settings.Flag("do_lower_case", false);
        TruncationSide = tokenizer.Text("truncation_side") switch
        {
            null or "right" => Side.Right,
            "left" => Side.Left,
            string other => throw new CheckpointException(tokenizer.File, $"\"truncation_side\" must be left or right, found \"{other}\"."),
        };
    }

    private static string? Name(JsonElement entry, string key) =>
        entry.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
