using System.Text.Json;

namespace Transformer;

/// <summary>
/// The task: write a word backwards. It is small, and it cannot be done without attention: which letter comes next depends
/// on one place of the input, and that place moves with every letter written.
/// </summary>
internal sealed class ReversalTask
{
    public const int ShortestWord = 3;
    public const int LongestWord = 10;

    private const string Pad = "<pad>", Start = "<s>", End = "</s>", Unknown = "<unk>";
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz";

    private readonly Random _random;
    private readonly HashSet<string> _heldOut;

    /// <param name="seed">Of all words that are drawn.</param>
    /// <param name="heldOut">How many words are kept for the examination: training never sees them.</param>
    /// <param name="example">One of these words.</param>
    public ReversalTask(int seed, int heldOut, string example)
    {
        _random = new Random(seed);
        _heldOut = [example];
        while (_heldOut.Count < heldOut)
            _heldOut.Add(RandomWord());
        Tokenizer = PretrainedTokenizer.FromJson(TokenizerJson());
    }

    public PretrainedTokenizer Tokenizer { get; }

    public int PadId => Tokenizer.PadId!.Value;

    /// <summary>What the decoder reads before it has written anything.</summary>
    public int StartId => Tokenizer.BosId!.Value;

    public int EndId => Tokenizer.EosId!.Value;

    public IReadOnlyList<string> HeldOut => [.. _heldOut];

    public static string Answer(string word) => new([.. word.Reverse()]);

    /// <summary>Words for the encoder, and the same words backwards for the decoder.</summary>
    public Batch NextBatch(int size)
    {
        List<string> words = [];
        while (words.Count < size)
        {
            string word = RandomWord();
            if (!_heldOut.Contains(word))
                words.Add(word);
        }

        return Batch.ForEncoderDecoder(
            [.. words.Select(word => Tokenizer.EncodeIds(word))],
            [.. words.Select(word => Tokenizer.EncodeIds(Answer(word)))],
            StartId, PadId);
    }

    private string RandomWord() =>
        new([.. Enumerable.Range(0, _random.Next(ShortestWord, LongestWord + 1)).Select(_ => Alphabet[_random.Next(Alphabet.Length)])]);

    /// <summary>A tokenizer.json in the format of Hugging Face: one token a letter, and one behind each word that ends it.</summary>
    private static string TokenizerJson()
    {
        string[] special = [Pad, Start, End, Unknown];
        string[] tokens = [.. special, .. Alphabet.Select(letter => letter.ToString())];
        int endId = Array.IndexOf(tokens, End);
        return JsonSerializer.Serialize(new
        {
            version = "1.0",
            added_tokens = special.Select((token, id) => new { id, content = token, special = true }),
            pre_tokenizer = new { type = "Split", pattern = new { Regex = "." }, behavior = "Isolated", invert = false },
            model = new
            {
                type = "WordLevel",
                vocab = tokens.Select((token, id) => (token, id)).ToDictionary(entry => entry.token, entry => entry.id),
                unk_token = Unknown,
            },
            post_processor = new
            {
                type = "TemplateProcessing",
                single = new object[] { new { Sequence = new { id = "A", type_id = 0 } }, new { SpecialToken = new { id = End, type_id = 0 } } },
                pair = Array.Empty<object>(),
                special_tokens = new Dictionary<string, object> { [End] = new { id = End, ids = new[] { endId }, tokens = new[] { End } } },
            },
            decoder = new { type = "Fuse" },
        });
    }
}
