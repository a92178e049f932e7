using System.Text.Json;

namespace Shared;

/// <summary>Small models whose tokens are words. They are made in Hugging Face's format, so that they can be saved, and loaded by others.</summary>
internal static class WordModel
{
    /// <summary>A model with random weights.</summary>
    /// <param name="config">Of <c>config.json</c>.</param>
    /// <param name="names">Of <c>tokenizer_config.json</c>.</param>
    /// <param name="tokenizer">Of <c>tokenizer.json</c>.</param>
    /// <param name="seed">Of the weights.</param>
    public static Llm Create(object config, object names, object tokenizer, int seed)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("word-model");
        try
        {
            Write("config.json", config);
            Write("tokenizer_config.json", names);
            Write("tokenizer.json", tokenizer);
            return Llm.FromConfig(folder.FullName, seed);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        void Write(string name, object content) => File.WriteAllText(Path.Combine(folder.FullName, name), JsonSerializer.Serialize(content));
    }

    /// <summary>The configuration of a Llama of three layers.</summary>
    public static object Llama(string[] vocabulary, int width, string pad, string end) => new
    {
        model_type = "llama",
        architectures = new[] { "LlamaForCausalLM" },
        vocab_size = vocabulary.Length,
        hidden_size = width,
        intermediate_size = 2 * width,
        num_hidden_layers = 3,
        num_attention_heads = 4,
        num_key_value_heads = 4,
        hidden_act = "silu",
        max_position_embeddings = 512,
        rms_norm_eps = 1e-5,
        rope_theta = 10000.0,
        tie_word_embeddings = true,
        initializer_range = 0.06,
        pad_token_id = Array.IndexOf(vocabulary, pad),
        eos_token_id = Array.IndexOf(vocabulary, end),
    };

    /// <summary>A tokenizer with a token for each word, which keeps the blanks in front of words.</summary>
    /// <param name="vocabulary">The tokens; those that are no words stand first.</param>
    /// <param name="special">Which those are.</param>
    /// <param name="unknown">What stands for a word that is not there.</param>
    /// <param name="words">A pattern that takes a text apart.</param>
    /// <param name="lowers">Whether large letters are read as small ones.</param>
    public static object Tokenizer(string[] vocabulary, string[] special, string unknown, string words, bool lowers) => new
    {
        version = "1.0",
        added_tokens = AddedTokens(special),
        normalizer = lowers ? new { type = "Lowercase" } : null,
        pre_tokenizer = new { type = "Split", pattern = new { Regex = words }, behavior = "Isolated", invert = false },
        model = WordLevel(vocabulary, unknown),
        decoder = new { type = "Fuse" },
    };

    /// <summary>A tokenizer with a token for each word in small letters, which leaves the blanks between them out.</summary>
    public static object Tokenizer(string[] vocabulary, string[] special, string unknown) => new
    {
        version = "1.0",
        added_tokens = AddedTokens(special),
        normalizer = new { type = "Lowercase" },
        pre_tokenizer = new { type = "Whitespace" },
        model = WordLevel(vocabulary, unknown),
    };

    /// <summary>The model when it has learnt: from where it was kept, or made now.</summary>
    /// <param name="folder">Where it is kept; null for nowhere.</param>
    /// <param name="create">Makes it.</param>
    /// <param name="teach">Trains it.</param>
    /// <param name="stop">Ends its loading.</param>
    public static Llm Kept(string? folder, Func<Llm> create, Action<Llm> teach, CancellationToken stop)
    {
        if (folder is not null && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Console.WriteLine($"The small model is the one of {folder}.");
            return Llm.Load(folder, cancellationToken: stop);
        }

        Llm llm = create();
        try
        {
            teach(llm);
            if (folder is not null)
                llm.Save(folder);
            return llm;
        }
        catch
        {
            llm.Dispose();
            throw;
        }
    }

    private static object AddedTokens(string[] special) =>
        special.Select((content, id) => new { id, content, single_word = false, lstrip = false, rstrip = false, normalized = false, special = true });

    private static object WordLevel(string[] vocabulary, string unknown) =>
        new { type = "WordLevel", vocab = vocabulary.Index().ToDictionary(entry => entry.Item, entry => entry.Index), unk_token = unknown };
}
