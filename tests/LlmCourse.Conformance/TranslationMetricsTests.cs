using System.Text.Json;
using LlmCourse.Evaluation;
using LlmCourse.Evaluation.Text;

namespace LlmCourse.Conformance;

/// <summary>BLEU, chrF and TER against sacreBLEU, and BLEU of tokens against NLTK.</summary>
[Trait("Kind", "Metrics")]
public sealed class TranslationMetricsTests
{
    public static TheoryData<string> Corpora() => MetricsFiles.Entries("bleu.json", "corpus_bleu");

    public static TheoryData<string> Sentences() => MetricsFiles.Entries("bleu.json", "sentence_bleu");

    public static TheoryData<string> Chrfs() => MetricsFiles.Entries("bleu.json", "chrf");

    public static TheoryData<string> Ters() => MetricsFiles.Entries("bleu.json", "ter");

    public static TheoryData<string> Tokenizers() => MetricsFiles.Entries("bleu.json", "tokenizers");

    public static TheoryData<string> Nltk() => MetricsFiles.Entries("bleu.json", "nltk");

    [SkippableTheory]
    [MemberData(nameof(Corpora))]
    public void Bleu_of_a_corpus(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        (string[] hypotheses, string[][] references) = Corpus(entry);
        BleuOptions options = Options(entry.GetProperty("settings"));
        BleuScore score = Bleu.Corpus(hypotheses, references, options);
        MetricsFiles.Near(entry.GetProperty("score").GetDouble(), score.Score, "score");
        MetricsFiles.Near(entry.GetProperty("precisions").Doubles(), score.Precisions, "precisions");
        MetricsFiles.Near(entry.GetProperty("bp").GetDouble(), score.BrevityPenalty, "bp");
        Assert.Equal(entry.GetProperty("sys_len").GetInt64(), score.HypothesisLength);
        Assert.Equal(entry.GetProperty("ref_len").GetInt64(), score.ReferenceLength);
        Assert.Equal(entry.GetProperty("signature").GetString(), score.Signature);
        // sacreBLEU adds what it smooths with to the counts it reports, unless nothing matched at all.
        double added = options.Smoothing == BleuSmoothing.AddK && score.Matches.Any(count => count > 0) ? options.SmoothingValue ?? 1 : 0;
        MetricsFiles.Near(entry.GetProperty("counts").Doubles(), [.. score.Matches.Select((count, n) => count + (n > 0 ? added : 0))], "counts");
        MetricsFiles.Near(entry.GetProperty("totals").Doubles(), [.. score.Totals.Select((count, n) => count + (n > 0 ? added : 0))], "totals");
        // The reference printed four digits of the score; the rest is to the letter.
        Assert.Equal(entry.GetProperty("text").GetString()!.Split(' ', 4)[3], score.ToString().Split(' ', 4)[3]);
    }

    [SkippableTheory]
    [MemberData(nameof(Sentences))]
    public void Bleu_of_sentences(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        (string[] hypotheses, string[][] references) = Corpus(entry);
        IReadOnlyList<BleuScore> scores = Bleu.Sentences(hypotheses, references, Options(entry.GetProperty("settings")));
        MetricsFiles.Near(entry.GetProperty("scores").Doubles(), [.. scores.Select(score => score.Score)], "scores");
    }

    [SkippableTheory]
    [MemberData(nameof(Chrfs))]
    public void Chrf_of_a_corpus_and_its_sentences(string name)
    {
        JsonElement entry = MetricsFiles.Of(name), settings = entry.GetProperty("settings");
        (string[] hypotheses, string[][] references) = Corpus(entry);
        ChrfOptions options = new();
        foreach (JsonProperty setting in settings.EnumerateObject())
        {
            options = setting.Name switch
            {
                "char_order" => options with { CharacterOrder = setting.Value.GetInt32() },
                "word_order" => options with { WordOrder = setting.Value.GetInt32() },
                "beta" => options with { Beta = setting.Value.GetInt32() },
                "lowercase" => options with { Lowercase = setting.Value.GetBoolean() },
                "whitespace" => options with { Whitespace = setting.Value.GetBoolean() },
                "eps_smoothing" => options with { EpsilonSmoothing = setting.Value.GetBoolean() },
                _ => throw new SkipException($"chrF: {setting.Name} is not supported"),
            };
        }

        ChrfScore score = Chrf.Corpus(hypotheses, references, options);
        MetricsFiles.Near(entry.GetProperty("score").GetDouble(), score.Score, "score");
        Assert.Equal(entry.GetProperty("name").GetString(), score.Name);
        Assert.Equal(entry.GetProperty("signature").GetString(), score.Signature);
        MetricsFiles.Near(entry.GetProperty("sentences").Doubles(), [.. hypotheses.Select((text, i) => Chrf.Sentence(text, references[i], options).Score)], "sentences");
    }

    [SkippableTheory]
    [MemberData(nameof(Ters))]
    public void Ter_of_a_corpus_and_its_sentences(string name)
    {
        JsonElement entry = MetricsFiles.Of(name), settings = entry.GetProperty("settings");
        (string[] hypotheses, string[][] references) = Corpus(entry);
        TerOptions options = new();
        foreach (JsonProperty setting in settings.EnumerateObject())
        {
            options = setting.Name switch
            {
                "normalized" => options with { Normalized = setting.Value.GetBoolean() },
                "no_punct" => options with { NoPunctuation = setting.Value.GetBoolean() },
                "asian_support" => options with { AsianSupport = setting.Value.GetBoolean() },
                "case_sensitive" => options with { CaseSensitive = setting.Value.GetBoolean() },
                _ => throw new SkipException($"TER: {setting.Name} is not supported"),
            };
        }

        TerScore score = Ter.Corpus(hypotheses, references, options);
        MetricsFiles.Near(entry.GetProperty("score").GetDouble(), score.Score, "score");
        Assert.Equal(entry.GetProperty("edits").GetInt64(), score.Edits);
        MetricsFiles.Near(entry.GetProperty("ref_length").GetDouble(), score.ReferenceLength, "ref_length");
        Assert.Equal(entry.GetProperty("signature").GetString(), score.Signature);
        MetricsFiles.Near(entry.GetProperty("sentences").Doubles(), [.. hypotheses.Select((text, i) => Ter.Sentence(text, references[i], options).Score)], "sentences");
    }

    [SkippableTheory]
    [MemberData(nameof(Tokenizers))]
    public void Words_of_a_text(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        BleuTokenizer tokenizer = Tokenizer(entry.GetProperty("tokenize").GetString()!);
        Assert.All(entry.GetProperty("cases").EnumerateArray(), pair =>
        {
            // Equal words have equal ids.
            WordIds words = new();
            List<int> expected = [], found = [];
            words.AddWords(MetricsFiles.Text(pair[1]), expected);
            Bleu.AddWords(MetricsFiles.Text(pair[0]), tokenizer, words, found);
            Assert.Equal(expected, found);
        });
    }

    /// <summary>NLTK gets words between blanks. Where it raises, ours does.</summary>
    [SkippableTheory]
    [MemberData(nameof(Nltk))]
    public void Bleu_of_tokens(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        (string[] hypotheses, string[][] references) = Corpus(entry);
        string smoothing = entry.GetProperty("smoothing").GetString()!;
        int method = smoothing.StartsWith("method", StringComparison.Ordinal) ? smoothing[^1] - '0' : 0;
        bool reweighs = entry.TryGetProperty("auto_reweigh", out JsonElement flag) && flag.GetBoolean();
        double[] Weights(int words) => TranslationMetricsTests.Weights(entry.GetProperty("weights"), reweighs ? words : int.MaxValue);
        string[][] said = [.. hypotheses.Select(text => WhiteSpace.Split(text))];
        string[][][] right = [.. references.Select(texts => (string[][])[.. texts.Select(text => WhiteSpace.Split(text))])];

        Compare(entry.GetProperty("corpus_bleu"), () => NltkBleu.Corpus(said, right, method, Weights(said.Sum(text => text.Length)), usesLastText: true), "corpus");
        JsonElement sentences = entry.GetProperty("sentence_bleu");
        Assert.Equal(sentences.GetArrayLength(), said.Length);
        for (int i = 0; i < said.Length; i++)
            Compare(sentences[i], () => NltkBleu.Sentence(said[i], right[i], method, Weights(said[i].Length)), $"sentence {i}");

        static void Compare(JsonElement expected, Func<double> score, string what)
        {
            if (expected.IsError())
                Assert.Throws<ArgumentException>(() => score());
            else
                MetricsFiles.Near(expected.GetDouble(), score(), what);
        }
    }

    /// <summary>
    /// "bleu4" is a quarter for each of four orders. NLTK's auto_reweigh is an equal share for each order that a text of fewer
    /// than four words has; ours leaves the choice of weights to the caller.
    /// </summary>
    private static double[] Weights(JsonElement weights, int words)
    {
        int orders = weights.GetString()![^1] - '0';
        orders = orders == 4 && words is > 0 and < 4 ? words : orders;
        return [.. Enumerable.Repeat(1.0 / orders, orders)];
    }

    private static (string[] Hypotheses, string[][] References) Corpus(JsonElement entry)
    {
        JsonElement corpus = MetricsFiles.Find("bleu.json", "corpora", entry.GetProperty("corpus").GetString()!)!.Value;
        string[] hypotheses = corpus.GetProperty("hypotheses").Strings();
        string[][] streams = [.. corpus.GetProperty("references").EnumerateArray().Take(entry.GetProperty("references").GetInt32()).Select(stream => stream.Strings())];
        return (hypotheses, [.. hypotheses.Select((_, i) => (string[])[.. streams.Select(stream => stream[i])])]);
    }

    private static BleuOptions Options(JsonElement settings)
    {
        BleuOptions options = new();
        foreach (JsonProperty setting in settings.EnumerateObject())
        {
            options = setting.Name switch
            {
                "tokenize" => options with { Tokenizer = Tokenizer(setting.Value.GetString()!) },
                "lowercase" => options with { Lowercase = setting.Value.GetBoolean() },
                "effective_order" => options with { EffectiveOrder = setting.Value.GetBoolean() },
                "max_ngram_order" => options with { MaxOrder = setting.Value.GetInt32() },
                "smooth_value" => options with { SmoothingValue = setting.Value.ValueKind == JsonValueKind.Null ? null : setting.Value.GetDouble() },
                "smooth_method" => options with
                {
                    Smoothing = setting.Value.GetString() switch
                    {
                        "floor" => BleuSmoothing.Floor,
                        "add-k" => BleuSmoothing.AddK,
                        "none" => BleuSmoothing.None,
                        _ => BleuSmoothing.Exponential,
                    },
                },
                _ => throw new SkipException($"BLEU: {setting.Name} is not supported"),
            };
        }

        return options;
    }

    private static BleuTokenizer Tokenizer(string name) => name switch
    {
        "13a" => BleuTokenizer.Western13a,
        "intl" => BleuTokenizer.International,
        "char" => BleuTokenizer.Characters,
        "none" => BleuTokenizer.None,
        "zh" => BleuTokenizer.Chinese,
        _ => throw new SkipException($"the tokenizer {name} is not supported"),
    };
}
