using System.Runtime.InteropServices;
using LlmCourse.Evaluation.Text;

namespace LlmCourse.Evaluation;

/// <summary>
/// BLEU (Papineni et al., "BLEU: a method for automatic evaluation of machine translation", 2002), to the digit of sacreBLEU
/// (Post, "A call for clarity in reporting BLEU scores", 2018). The geometric mean of clipped n-gram precisions, times a
/// penalty for brevity; 0 to 100. For texts that are tokens already see <see cref="NltkBleu"/>.
/// </summary>
/// <remarks>A corpus score adds up counts before it divides: it is not the average of its sentences' scores. Pure functions, safe to call from several threads.</remarks>
public static class Bleu
{
    internal const string SacreBleuVersion = "2.6.0";

    /// <summary>Scores a corpus with one reference for each text.</summary>
    /// <param name="hypotheses">What the model wrote.</param>
    /// <param name="references">What a person wrote, in the same order.</param>
    /// <param name="options">How to count; null for sacreBLEU's defaults.</param>
    /// <returns>The score of all together.</returns>
    /// <exception cref="ArgumentException">The two lists differ in length, or are empty.</exception>
    public static BleuScore Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<string> references, BleuOptions? options = null)
    {
        Inputs.RequirePairs(hypotheses, references);
        return Corpus(hypotheses, [.. references.Select(reference => new[] { reference })], options);
    }

    /// <summary>Scores a corpus with several references for each text.</summary>
    /// <param name="hypotheses">What the model wrote.</param>
    /// <param name="references">For each hypothesis its references, as many for each. (sacreBLEU wants this list turned on its side.)</param>
    /// <param name="options">How to count; null for sacreBLEU's defaults.</param>
    /// <returns>The score of all together.</returns>
    /// <exception cref="ArgumentException">The two lists differ in length, or are empty, or hypotheses have unequal numbers of references.</exception>
    public static BleuScore Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references, BleuOptions? options = null)
    {
        options ??= new BleuOptions();
        return Combine(Sentences(hypotheses, references, options), options with { EffectiveOrder = options.EffectiveOrder ?? false });
    }

    /// <summary>Scores one text against its references.</summary>
    /// <param name="hypothesis">What the model wrote.</param>
    /// <param name="references">What different people wrote; at least one.</param>
    /// <param name="options">How to count; null for sacreBLEU's defaults for a sentence.</param>
    /// <returns>Its score.</returns>
    /// <exception cref="ArgumentException">There is no reference.</exception>
    public static BleuScore Sentence(string hypothesis, IReadOnlyList<string> references, BleuOptions? options = null) =>
        Sentences([hypothesis], [references], options)[0];

    /// <summary>Scores each text of a corpus by itself.</summary>
    /// <param name="hypotheses">What the model wrote.</param>
    /// <param name="references">For each hypothesis its references, as many for each.</param>
    /// <param name="options">How to count; null for sacreBLEU's defaults for a sentence.</param>
    /// <returns>The score of each; <see cref="Combine"/> makes the corpus's from any choice of them.</returns>
    /// <exception cref="ArgumentException">The two lists differ in length, or are empty, or hypotheses have unequal numbers of references.</exception>
    public static IReadOnlyList<BleuScore> Sentences(
        IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references, BleuOptions? options = null)
    {
        Inputs.RequireReferences(hypotheses, references, sameNumber: true);
        options ??= new BleuOptions();
        options.Validate();
        bool effective = options.EffectiveOrder ?? true;
        string signature = Signature(options, references[0].Count, effective);
        WordIds words = new();
        NGramMatcher grams = new(options.MaxOrder);
        List<int> tokens = [];
        int[] matches = new int[options.MaxOrder];
        var lengths = new int[references[0].Count];
        var scores = new BleuScore[hypotheses.Count];
        for (int i = 0; i < scores.Length; i++)
        {
            grams.Clear();
            for (int k = 0; k < lengths.Length; k++)
            {
                Tokenize(references[i][k], options, words, tokens);
                lengths[k] = tokens.Count;
                grams.AddReference(CollectionsMarshal.AsSpan(tokens));
            }

            Tokenize(hypotheses[i], options, words, tokens);
            Array.Clear(matches);
            grams.Match(CollectionsMarshal.AsSpan(tokens), matches);
            var (matched, totals) = (new long[matches.Length], new long[matches.Length]);
            for (int n = 0; n < matches.Length; n++)
                (matched[n], totals[n]) = (matches[n], NGramMatcher.Total(tokens.Count, n + 1));
            scores[i] = Score(matched, totals, tokens.Count, Closest(lengths, tokens.Count), options, effective, lengths.Length, signature);
        }

        return scores;
    }

    /// <summary>
    /// The score of a corpus from those of its texts: counts are added up, then divided. What bootstrap resampling needs, at a
    /// fraction of the price of scoring anew.
    /// </summary>
    /// <param name="sentences">Scores of <see cref="Sentences"/>; one may occur several times.</param>
    /// <param name="options">How to divide; null for sacreBLEU's defaults. Tokenizer and case were settled when the sentences were counted.</param>
    /// <returns>The score of all together.</returns>
    /// <exception cref="ArgumentException">There are no sentences, or they were counted to another order or against other numbers of references.</exception>
    public static BleuScore Combine(IEnumerable<BleuScore> sentences, BleuOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        options ??= new BleuOptions();
        options.Validate();
        var (matches, totals) = (new long[options.MaxOrder], new long[options.MaxOrder]);
        (long hypothesis, long reference, int references) = (0, 0, 0);
        foreach (BleuScore sentence in sentences)
        {
            if (sentence.Matches.Count != options.MaxOrder)
                throw new ArgumentException($"A sentence was counted to order {sentence.Matches.Count}, and {nameof(options.MaxOrder)} is {options.MaxOrder}.", nameof(sentences));
            if (references != 0 && references != sentence.References)
                throw new ArgumentException("The sentences were scored against different numbers of references.", nameof(sentences));
            references = sentence.References;
            hypothesis += sentence.HypothesisLength;
            reference += sentence.ReferenceLength;
            for (int n = 0; n < matches.Length; n++)
            {
                matches[n] += sentence.Matches[n];
                totals[n] += sentence.Totals[n];
            }
        }

        if (references == 0)
            throw new ArgumentException("There are no sentences.", nameof(sentences));
        bool effective = options.EffectiveOrder ?? false;
        return Score(matches, totals, hypothesis, reference, options, effective, references, Signature(options, references, effective));
    }

    private static BleuScore Score(
        long[] matches, long[] totals, long hypothesis, long reference, BleuOptions options, bool effective, int references, string signature)
    {
        double penalty = hypothesis >= reference ? 1 : hypothesis > 0 ? Math.Exp(1 - ((double)reference / hypothesis)) : 0;
        double[] precisions = new double[matches.Length];
        double score = 0;
        if (Array.Exists(matches, count => count != 0))
            score = penalty * Math.Exp(MeanLogPrecision(matches, totals, options, effective, precisions));
        return new BleuScore
        {
            Score = score,
            Matches = matches,
            Totals = totals,
            Precisions = precisions,
            BrevityPenalty = penalty,
            HypothesisLength = hypothesis,
            ReferenceLength = reference,
            References = references,
            Signature = signature,
        };
    }

    private static double MeanLogPrecision(long[] matches, long[] totals, BleuOptions options, bool effective, double[] precisions)
    {
        double value = options.ResolvedSmoothingValue, halves = 1;
        int orders = matches.Length;
        for (int n = 0; n < matches.Length; n++)
        {
            double added = options.Smoothing == BleuSmoothing.AddK && n > 0 ? value : 0;
            double matched = matches[n] + added, total = totals[n] + added;
            if (total == 0)
                break;
            if (effective)
                orders = n + 1;
            if (matched != 0)
                precisions[n] = 100 * matched / total;
            else if (options.Smoothing == BleuSmoothing.Exponential)
                precisions[n] = 100 / ((halves *= 2) * total);
            else if (options.Smoothing == BleuSmoothing.Floor)
                precisions[n] = 100 * value / total;
        }

        double sum = 0;
        for (int n = 0; n < orders; n++)
            sum += precisions[n] == 0 ? LogOfZero : Math.Log(precisions[n]);
        return sum / orders;
    }

    /// <summary>sacreBLEU's logarithm of 0: low enough for a score of practically 0.</summary>
    private const double LogOfZero = -9999999999;

    private static int Closest(int[] lengths, int length)
    {
        int closest = lengths[0];
        foreach (int other in lengths)
        {
            (int distance, int best) = (Math.Abs(other - length), Math.Abs(closest - length));
            if (distance < best || (distance == best && other < closest))
                closest = other;
        }

        return closest;
    }

    private static void Tokenize(string text, BleuOptions options, WordIds words, List<int> tokens)
    {
        tokens.Clear();
        if (options.Lowercase)
            text = WhiteSpace.Lower(text);
        ReadOnlySpan<char> trimmed = WhiteSpace.TrimEnd(text);
        if (trimmed.Length != text.Length)
            text = trimmed.ToString();
        AddWords(text, options.Tokenizer, words, tokens);
    }

    internal static void AddWords(string text, BleuTokenizer tokenizer, WordIds words, List<int> ids)
    {
        switch (tokenizer)
        {
            case BleuTokenizer.Western13a:
                TranslationTokenizer.AddWestern13a(text, words, ids);
                break;
            case BleuTokenizer.International:
                words.AddWords(TranslationTokenizer.International(text), ids);
                break;
            case BleuTokenizer.Characters:
                words.AddWords(TranslationTokenizer.Characters(text), ids);
                break;
            case BleuTokenizer.Chinese:
                words.AddWords(TranslationTokenizer.Chinese(text), ids);
                break;
            default:
                words.AddWords(text, ids);
                break;
        }
    }

    private static string Signature(BleuOptions options, int references, bool effective)
    {
        string tokenizer = options.Tokenizer switch
        {
            BleuTokenizer.International => "intl",
            BleuTokenizer.Characters => "char",
            BleuTokenizer.Chinese => "zh",
            BleuTokenizer.None => "none",
            _ => "13a",
        };
        string smoothing = options.Smoothing switch
        {
            BleuSmoothing.Floor => FormattableString.Invariant($"floor[{options.ResolvedSmoothingValue:f2}]"),
            BleuSmoothing.AddK => FormattableString.Invariant($"add-k[{options.ResolvedSmoothingValue:f2}]"),
            BleuSmoothing.None => "none",
            _ => "exp",
        };
        return FormattableString.Invariant(
            $"nrefs:{references}|case:{(options.Lowercase ? "lc" : "mixed")}|eff:{(effective ? "yes" : "no")}|tok:{tokenizer}|smooth:{smoothing}|version:{SacreBleuVersion}");
    }
}
