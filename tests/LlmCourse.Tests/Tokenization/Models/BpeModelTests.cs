using LlmCourse.Tokenization.Models;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tests.Tokenization.Models;

public sealed class BpeModelTests
{
    private const string Letters = "abcdefgé😀▁";
    private const string Unknown = "?";

    /// <summary>
    /// The definition, with nothing remembered and nothing cut: of all neighbours the pair with the lowest rank, the leftmost of
    /// equals. Letters outside the vocabulary are unknown, neighbouring ones together or each by itself.
    /// </summary>
    private static List<PieceToken> ByDefinition(string text, BpeSettings settings)
    {
        List<(string Text, int Start, int End)> symbols = [];
        for (int i = 0; i < text.Length;)
        {
            string letter = text.Substring(i, char.IsHighSurrogate(text[i]) ? 2 : 1);
            bool isKnown = settings.Vocabulary.IdOf(letter) >= 0;
            if (!isKnown && settings.FusesUnknown && symbols is [.., (Unknown, int start, _)])
                symbols[^1] = (Unknown, start, i + letter.Length);
            else
                symbols.Add((isKnown ? letter : Unknown, i, i + letter.Length));
            i += letter.Length;
        }

        while (true)
        {
            (int at, int rank) = Enumerable.Range(0, Math.Max(0, symbols.Count - 1))
                .Select(i => (At: i, Rank: settings.Merges.ToList().IndexOf((symbols[i].Text, symbols[i + 1].Text))))
                .Where(pair => pair.Rank >= 0).OrderBy(pair => pair.Rank).FirstOrDefault((-1, -1));
            if (at < 0)
                return [.. symbols.Select(symbol => new PieceToken(settings.Vocabulary.IdOf(symbol.Text), symbol.Start, symbol.End))];
            symbols[at] = (symbols[at].Text + symbols[at + 1].Text, symbols[at].Start, symbols[at + 1].End);
            symbols.RemoveAt(at + 1);
        }
    }

    private static BpeSettings Random(Random random)
    {
        string[] letters = [.. Letters.EnumerateRunes().Select(rune => rune.ToString()).Where(_ => random.Next(5) > 0), Unknown];
        List<string> tokens = [.. letters];
        List<(string, string)> merges = [];
        for (int i = random.Next(40); i > 0; i--)
        {
            (string First, string Second) merge = (tokens[random.Next(tokens.Count)], tokens[random.Next(tokens.Count)]);
            if (!merges.Contains(merge))
                merges.Add(merge);
            if (!tokens.Contains(merge.First + merge.Second))
                tokens.Add(merge.First + merge.Second);
        }

        return new BpeSettings
        {
            Vocabulary = new(tokens.Select((token, id) => (token, id)).ToDictionary(item => item.token, item => item.id)),
            Merges = merges,
            UnknownToken = Unknown,
            FusesUnknown = random.Next(2) == 0,
        };
    }

    [Fact]
    public void Short_pieces_and_long_ones_are_merged_as_the_definition_says()
    {
        Random random = new(7);
        string[] letters = [.. (Letters + "z").EnumerateRunes().Select(rune => rune.ToString())];
        for (int round = 0; round < 60; round++)
        {
            BpeSettings settings = Random(random);
            BpeModel model = new(settings);
            for (int text = 0; text < 12; text++)
            {
                string piece = string.Concat(Enumerable.Range(0, 1 + random.Next(text < 10 ? 30 : 200)).Select(_ => letters[random.Next(letters.Length)]));
                List<PieceToken> tokens = [];
                model.Tokenize(piece, tokens);
                Assert.Equal(ByDefinition(piece, settings), tokens);
                tokens.Clear();
                model.Tokenize(piece, tokens); // from what is remembered
                Assert.Equal(ByDefinition(piece, settings), tokens);
            }
        }
    }

    [Fact]
    public void A_piece_that_is_in_the_vocabulary_is_taken_whole_and_a_part_of_one_is_not()
    {
        BpeModel model = new(new BpeSettings
        {
            Vocabulary = new(new Dictionary<string, int> { ["a"] = 0, ["b"] = 1, ["ab"] = 2, ["c"] = 3, ["abc"] = 4 }),
            Merges = [("a", "b")],
            IgnoresMerges = true,
        });
        List<PieceToken> tokens = [];
        model.Tokenize("abc", tokens);
        Assert.Equal([new PieceToken(4, 0, 3)], tokens);
        tokens.Clear();
        model.Tokenize("abcabcabcabcabcabcabc", tokens); // no merge joins b and c, or c and a
        Assert.Equal(Enumerable.Repeat(new[] { 2, 3 }, 7).SelectMany(ids => ids), tokens.Select(token => token.Id));
    }
}
