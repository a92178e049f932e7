using System.Text;
using LlmCourse.Evaluation.Text;

namespace LlmCourse.Evaluation;

/// <summary>
/// chrF and chrF++ (Popović, "chrF: character n-gram F-score for automatic MT evaluation", 2015; "chrF++", 2017), to the digit
/// of sacreBLEU: needs no tokenizer, and gives half a point for half a word.
/// </summary>
/// <remarks>Characters are Unicode code points. Pure functions, safe to call from several threads.</remarks>
public static class Chrf
{
    private const double Epsilon = 1e-16;

    /// <summary>Scores a corpus: counts are added up before they are divided.</summary>
    /// <param name="hypotheses">What the model wrote.</param>
    /// <param name="references">For each hypothesis its references, as many for each. The one with the best score counts.</param>
    /// <param name="options">How to count; null for chrF2.</param>
    /// <returns>The score of all together.</returns>
    /// <exception cref="ArgumentException">The two lists differ in length, or are empty, or hypotheses have unequal numbers of references.</exception>
    public static ChrfScore Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references, ChrfOptions? options = null)
    {
        options ??= new ChrfOptions();
        double score = Score(Count(hypotheses, references, options), options);
        string signature = FormattableString.Invariant(
            $"nrefs:{references[0].Count}|case:{(options.Lowercase ? "lc" : "mixed")}|eff:{(options.EpsilonSmoothing ? "no" : "yes")}|nc:{options.CharacterOrder}|nw:{options.WordOrder}|space:{(options.Whitespace ? "yes" : "no")}|version:{Bleu.SacreBleuVersion}");
        return new ChrfScore(score, Name(options), signature);
    }

    /// <summary>Scores one text against its references.</summary>
    /// <param name="hypothesis">What the model wrote.</param>
    /// <param name="references">What different people wrote; at least one.</param>
    /// <param name="options">How to count; null for chrF2.</param>
    /// <returns>Its score.</returns>
    /// <exception cref="ArgumentException">There is no reference.</exception>
    public static ChrfScore Sentence(string hypothesis, IReadOnlyList<string> references, ChrfOptions? options = null) =>
        Corpus([hypothesis], [references], options);

    /// <summary>chrF with beta, and a "+" for each order of words.</summary>
    internal static string Name(ChrfOptions options) => FormattableString.Invariant($"chrF{options.Beta}{new string('+', options.WordOrder)}");

    /// <summary>(hypothesis, reference, matches) of each order for each text, against the reference with the best score.</summary>
    internal static IReadOnlyList<long[]> Count(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references, ChrfOptions options)
    {
        Inputs.RequireReferences(hypotheses, references, sameNumber: true);
        options.Validate();
        Counter counter = new(options);
        return [.. hypotheses.Select((hypothesis, i) => references[i].Select(reference => counter.Count(hypothesis, reference)).MaxBy(counts => Score(counts, options))!)];
    }

    /// <summary>The score of texts together: counts are added up before they are divided.</summary>
    internal static double Score(IEnumerable<long[]> texts, ChrfOptions options)
    {
        long[] sums = new long[3 * (options.CharacterOrder + options.WordOrder)];
        foreach (long[] counts in texts)
        {
            for (int k = 0; k < sums.Length; k++)
                sums[k] += counts[k];
        }

        return Score(sums, options);
    }

    /// <summary>F-beta from (hypothesis, reference, matches) of each order.</summary>
    private static double Score(long[] counts, ChrfOptions options)
    {
        double factor = options.Beta * options.Beta, sum = 0, precision = 0, recall = 0;
        int orders = 0;
        for (int k = 0; k < counts.Length; k += 3)
        {
            (long said, long expected, long matches) = (counts[k], counts[k + 1], counts[k + 2]);
            double p = said > 0 ? (double)matches / said : Epsilon, r = expected > 0 ? (double)matches / expected : Epsilon;
            double weighted = (factor * p) + r;
            sum += weighted > 0 ? (1 + factor) * p * r / weighted : Epsilon;
            if (said == 0 || expected == 0)
                continue;
            precision += p;
            recall += r;
            orders++;
        }

        if (options.EpsilonSmoothing)
            return 100 * sum / (counts.Length / 3);
        if (orders == 0 || precision + recall == 0)
            return 0;
        precision /= orders;
        recall /= orders;
        return 100 * ((1 + factor) * precision * recall / ((factor * precision) + recall));
    }

    private sealed class Counter(ChrfOptions options)
    {
        private readonly NGramMatcher _characters = new(options.CharacterOrder);
        private readonly NGramMatcher _words = new(Math.Max(1, options.WordOrder));
        private readonly WordIds _ids = new();

        public long[] Count(string hypothesis, string reference)
        {
            long[] counts = new long[3 * (options.CharacterOrder + options.WordOrder)];
            (hypothesis, reference) = options.Lowercase ? (WhiteSpace.Lower(hypothesis), WhiteSpace.Lower(reference)) : (hypothesis, reference);
            Fill(counts, 0, options.CharacterOrder, _characters, Characters(hypothesis), Characters(reference));
            if (options.WordOrder > 0)
                Fill(counts, 3 * options.CharacterOrder, options.WordOrder, _words, Words(hypothesis), Words(reference));
            return counts;
        }

        private static void Fill(long[] counts, int at, int orders, NGramMatcher grams, int[] said, int[] expected)
        {
            Span<int> matches = stackalloc int[orders];
            matches.Clear();
            grams.Clear();
            grams.AddReference(expected);
            grams.Match(said, matches);
            for (int n = 0; n < orders; n++, at += 3)
            {
                int total = NGramMatcher.Total(expected.Length, n + 1);
                // Nothing is held against a hypothesis where the reference is too short to say.
                counts[at] = total > 0 ? NGramMatcher.Total(said.Length, n + 1) : 0;
                counts[at + 1] = total;
                counts[at + 2] = matches[n];
            }
        }

        private int[] Characters(string text)
        {
            List<int> characters = new(text.Length);
            foreach (Rune rune in text.EnumerateRunes())
            {
                if (options.Whitespace || rune.Value > char.MaxValue || !WhiteSpace.Is((char)rune.Value))
                    characters.Add(rune.Value);
            }

            return [.. characters];
        }

        /// <summary>Words between blanks; one ASCII punctuation mark at the end, or else at the beginning, is a word of its own.</summary>
        private int[] Words(string text)
        {
            List<int> words = [];
            for (int at = 0; WhiteSpace.TryNext(text, ref at, out ReadOnlySpan<char> word);)
            {
                int cut = word.Length == 1 || (word.Length == 2 && char.IsHighSurrogate(word[0])) ? 0
                    : IsPunctuation(word[^1]) ? word.Length - 1
                    : IsPunctuation(word[0]) ? 1
                    : 0;
                if (cut > 0)
                    words.Add(_ids.Of(word[..cut]));
                words.Add(_ids.Of(word[cut..]));
            }

            return [.. words];
        }

        private static bool IsPunctuation(char c) => char.IsAscii(c) && (char.IsPunctuation(c) || char.IsSymbol(c));
    }
}
