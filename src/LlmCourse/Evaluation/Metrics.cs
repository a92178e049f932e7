using LlmCourse.Evaluation.Text;

namespace LlmCourse.Evaluation;

/// <summary>The metrics of generated text, for <see cref="Llm.Evaluate(IEnumerable{Data.Example}, Metric[])"/>.</summary>
public static class Metrics
{
    /// <summary>ROUGE-1, 2, L and Lsum (F1), as rouge_score's defaults have them: without the stemmer.</summary>
    public static Metric Rouge { get; } = RougeWith(new RougeOptions());

    /// <summary>BLEU of the corpus, sacreBLEU's defaults; needs the same number of references for all.</summary>
    public static Metric Bleu { get; } = BleuWith(new BleuOptions());

    /// <summary>chrF2 of the corpus; needs the same number of references for all.</summary>
    public static Metric Chrf { get; } = ChrfWith(new ChrfOptions());

    /// <summary>Translation edit rate of the corpus, sacreBLEU's defaults; needs the same number of references for all.</summary>
    public static Metric Ter { get; } = new((predictions, references) =>
    {
        TerScore[] scores = [.. predictions.Select((text, i) => Evaluation.Ter.Sentence(text, references[i]))];
        return [MetricScores.Ratio(
            "TER", [.. scores.Select(score => (double)score.Edits)], [.. scores.Select(score => score.ReferenceLength)],
            (edits, length) => length > 0 ? 100 * edits / length : edits > 0 ? 100 : 0, lowerIsBetter: true)];
    });

    /// <summary>Whether the answer is one of the right ones, as SQuAD compares: case, punctuation, articles and blanks do not matter.</summary>
    public static Metric ExactMatch { get; } = new("exact match", Squad.ExactMatch);

    /// <summary>How many words are shared with the nearest right answer, as SQuAD counts.</summary>
    public static Metric F1 { get; } = new("F1", Squad.F1);

    /// <summary>Whether the text is one of the references to the letter.</summary>
    public static Metric SameText { get; } = new("same text", (prediction, references) => references.Contains(prediction) ? 1 : 0);

    /// <summary>The word error rate; of several references the nearest counts.</summary>
    public static Metric WordErrorRate { get; } = ErrorRate("word error rate", text => WhiteSpace.Split(text));

    /// <summary>The character error rate; of several references the nearest counts.</summary>
    public static Metric CharacterErrorRate { get; } = ErrorRate("character error rate", text => [.. text.EnumerateRunes().Select(rune => rune.ToString())]);

    /// <summary>ROUGE with options; orders above 2 are added.</summary>
    public static Metric RougeWith(RougeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new Metric((predictions, references) =>
        {
            IReadOnlyList<RougeScores> scores = Evaluation.Rouge.ScoreAll(predictions, references, options);
            return
            [
                .. Enumerable.Range(1, options.MaxOrder).Select(n => Of($"ROUGE-{n}", score => score.RougeN(n))),
                Of("ROUGE-L", score => score.RougeL),
                Of("ROUGE-Lsum", score => score.RougeLsum),
            ];

            MetricScores Of(string name, Func<RougeScores, PrecisionRecall> part) => MetricScores.Mean(name, [.. scores.Select(score => part(score).F1)]);
        });
    }

    /// <summary>BLEU with options.</summary>
    public static Metric BleuWith(BleuOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new Metric((predictions, references) =>
        {
            IReadOnlyList<BleuScore> scores = Evaluation.Bleu.Sentences(predictions, references, options);
            BleuOptions corpus = options with { EffectiveOrder = options.EffectiveOrder ?? false };
            return [MetricScores.OfCorpus("BLEU", [.. scores.Select(score => score.Score)], chosen => Evaluation.Bleu.Combine(chosen.Select(i => scores[i]), corpus).Score)];
        });
    }

    /// <summary>chrF with options: chrF++ has <see cref="ChrfOptions.WordOrder"/> 2.</summary>
    public static Metric ChrfWith(ChrfOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new Metric((predictions, references) =>
        {
            IReadOnlyList<long[]> counts = Evaluation.Chrf.Count(predictions, references, options);
            return [MetricScores.OfCorpus(Evaluation.Chrf.Name(options), [.. counts.Select(one => Evaluation.Chrf.Score([one], options))], chosen => Evaluation.Chrf.Score(chosen.Select(i => counts[i]), options))];
        });
    }

    /// <summary>The error rate of tokens of your own, such as phonemes; of several references the nearest counts.</summary>
    /// <param name="name">What it is called in a report.</param>
    /// <param name="tokens">The tokens of a text.</param>
    public static Metric ErrorRate(string name, Func<string, IReadOnlyList<string>> tokens)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(tokens);
        return new Metric((predictions, references) =>
        {
            (double Edits, double Length)[] counts = [.. predictions.Select((text, i) => Nearest(tokens(text), references[i].Select(tokens)))];
            return [MetricScores.Ratio(name, [.. counts.Select(count => count.Edits)], [.. counts.Select(count => count.Length)], Rate, lowerIsBetter: true)];
        });
    }

    private static (double Edits, double Length) Nearest(IReadOnlyList<string> said, IEnumerable<IReadOnlyList<string>> references) =>
        references.Select(reference => ((double)Evaluation.ErrorRate.Distance(said, reference), (double)reference.Count)).MinBy(count => Rate(count.Item1, count.Item2));

    // Against nothing at all each token is one error.
    private static double Rate(double edits, double length) => edits / Math.Max(1, length);
}
