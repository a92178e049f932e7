using System.Text.Json;

namespace Pronunciation;

/// <summary>
/// An alphabet as a model of this kind knows it: a text in which a character's place is its id. The first four places stand
/// for padding, begin, end and unknown.
/// </summary>
/// <param name="characters">The text.</param>
internal sealed class Alphabet(string characters)
{
    private const string Pad = "<pad>", Begin = "<s>", End = "</s>", Unknown = "<unk>";

    private static readonly string[] Special = [Pad, Begin, End, Unknown];

    private readonly HashSet<char> _known = [.. characters.Skip(Special.Length)];

    /// <summary>One token for each character, between the tokens of begin and end.</summary>
    public PretrainedTokenizer Tokenizer { get; } = PretrainedTokenizer.FromJson(TokenizerJson(characters));

    public bool Covers(string text) => text.All(_known.Contains);

    /// <summary>The alphabet with more characters at the end, as far as a vocabulary of so many tokens has room for them.</summary>
    public Alphabet With(IEnumerable<char> more, int vocabulary) =>
        new(new string([.. characters, .. more.Where(character => !_known.Contains(character)).Take(Math.Max(0, vocabulary - characters.Length))]));

    // A tokenizer.json in the format of Hugging Face.
    private static string TokenizerJson(string characters)
    {
        string[] tokens = [.. Special, .. characters.Skip(Special.Length).Select(character => character.ToString())];
        return JsonSerializer.Serialize(new
        {
            version = "1.0",
            added_tokens = Special.Select((token, id) => new { id, content = token, single_word = false, lstrip = false, rstrip = false, normalized = false, special = true }),
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
                single = new object[] { SpecialToken(Begin), new { Sequence = new { id = "A", type_id = 0 } }, SpecialToken(End) },
                pair = Array.Empty<object>(),
                special_tokens = new[] { Begin, End }.ToDictionary(token => token, token => new { id = token, ids = new[] { Array.IndexOf(Special, token) }, tokens = new[] { token } }),
            },
            decoder = new { type = "Fuse" },
        });

        static object SpecialToken(string token) => new { SpecialToken = new { id = token, type_id = 0 } };
    }
}
