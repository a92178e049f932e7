using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class BleuTests
{
    [Fact]
    public void Counts_are_clipped_and_short_texts_penalised()
    {
        // 3 of 4 words, 2 of 3 pairs, 1 of 2 triples; "a b c x" against six words: exp(1 − 6/4).
        BleuScore score = Bleu.Sentence("a b c x", ["a b c d e f"], new() { MaxOrder = 3 });
        Assert.Equal([3, 2, 1], score.Matches);
        Assert.Equal([4, 3, 2], score.Totals);
        Assert.Equal(Math.Exp(-0.5), score.BrevityPenalty, 15);
        Assert.Equal(100 * Math.Exp(-0.5) * Math.Cbrt(3.0 / 4 * 2 / 3 * 1 / 2), score.Score, 10);
        Assert.Equal([2], Bleu.Sentence("the the the the the the the", ["the cat is on the mat"], new() { MaxOrder = 1 }).Matches);
    }

    [Theory]
    [InlineData(BleuSmoothing.Exponential, null, 0.5 / 3, 0.25 / 2)] // 1/2 and 1/4 of a match
    [InlineData(BleuSmoothing.Floor, null, 0.1 / 3, 0.1 / 2)]
    [InlineData(BleuSmoothing.Floor, 0.2, 0.2 / 3, 0.2 / 2)]
    [InlineData(BleuSmoothing.AddK, null, 1.0 / 4, 1.0 / 3)]
    [InlineData(BleuSmoothing.AddK, 2.0, 2.0 / 5, 2.0 / 4)]
    public void Orders_without_a_match_are_smoothed(BleuSmoothing smoothing, double? value, double pairs, double triples)
    {
        // "a x b y" against "a b c d": 2 of 4 words, no pair of 3, no triple of 2.
        BleuScore score = Bleu.Sentence("a x b y", ["a b c d"], new() { MaxOrder = 3, Smoothing = smoothing, SmoothingValue = value });
        Assert.Equal(100 * Math.Cbrt(0.5 * pairs * triples), score.Score, 10);
    }

    [Fact]
    public void Without_smoothing_one_empty_order_is_practically_zero() =>
        Assert.Equal(0, Bleu.Sentence("a x b y", ["a b c d"], new() { Smoothing = BleuSmoothing.None }).Score);

    [Fact]
    public void A_short_sentence_counts_the_orders_it_has()
    {
        Assert.Equal(100, Bleu.Sentence("word", ["word"]).Score, 10);
        Assert.Equal(0, Bleu.Sentence("word", ["word"], new() { EffectiveOrder = false }).Score);
        Assert.Equal(0, Bleu.Corpus(["word"], ["word"]).Score);
        Assert.Contains("|eff:no|", Bleu.Corpus(["word"], ["word"]).Signature, StringComparison.Ordinal);
        Assert.Contains("|eff:yes|", Bleu.Sentence("word", ["word"]).Signature, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_equally_near_references_the_shorter_gives_the_length()
    {
        Assert.Equal(4, Bleu.Sentence("a b c d e", ["a b c d e f", "a b c d"]).ReferenceLength);
        Assert.Equal(5, Bleu.Sentence("a b c d e", ["a b c d e f g", "x x x x x"]).ReferenceLength);
    }

    [Fact]
    public void The_order_of_a_corpus_does_not_matter_and_parts_add_up()
    {
        string[] hypotheses = ["the cat sat on the mat", "he read a book", "no word", ""];
        string[][] references = [["the cat sat on a mat", "a cat sat"], ["she read the book", "he reads"], ["x", "y"], ["z", ""]];
        BleuScore score = Bleu.Corpus(hypotheses, references);
        Assert.InRange(score.Score, 1, 99);
        Assert.Equal(score.Score, Bleu.Corpus([.. hypotheses.Reverse()], [.. references.Reverse()]).Score);
        IReadOnlyList<BleuScore> sentences = Bleu.Sentences(hypotheses, references);
        BleuScore combined = Bleu.Combine(sentences);
        Assert.Equal((score.Score, score.Signature), (combined.Score, combined.Signature));
        Assert.Equal(score.Matches, combined.Matches);
        // A corpus twice is the corpus.
        Assert.Equal(score.Score, Bleu.Combine(sentences.Concat(sentences)).Score, 12);
        Assert.NotEqual(sentences.Average(sentence => sentence.Score), score.Score, 1.0);
    }

    [Fact]
    public void A_corpus_equals_itself() => Assert.Equal(100, Bleu.Corpus(["a b c d e.", "Another one, with a comma!"], ["a b c d e.", "Another one, with a comma!"]).Score, 10);

    [Fact]
    public void Lower_case_makes_no_difference_when_asked()
    {
        Assert.Equal(0, Bleu.Sentence("HELLO", ["hello"]).Score);
        BleuScore score = Bleu.Sentence("HELLO", ["hello"], new() { Lowercase = true, Tokenizer = BleuTokenizer.International, Smoothing = BleuSmoothing.Floor, SmoothingValue = 0.25 });
        Assert.Equal(100, score.Score, 10);
        Assert.Equal("nrefs:1|case:lc|eff:yes|tok:intl|smooth:floor[0.25]|version:2.6.0", score.Signature);
    }

    [Fact]
    public void Prints_as_sacreBLEU_does() => Assert.Equal(
        "BLEU = 38.21 75.0/66.7/50.0 (BP = 0.607 ratio = 0.667 hyp_len = 4 ref_len = 6)",
        Bleu.Sentence("a b c x", ["a b c d e f"], new() { MaxOrder = 3 }).ToString()); // 100 · e^−½ · ∛(1/4) = 38.21

    [Fact]
    public void Bad_input_is_refused()
    {
        Assert.Contains("1 references and prediction 0 has 2", Assert.Throws<ArgumentException>(
            () => Bleu.Corpus(["a", "b"], [["a", "x"], ["b"]])).Message, StringComparison.Ordinal);
        // Streams of references, as sacreBLEU wants them, are noticed.
        Assert.Contains("3 predictions and references for 1", Assert.Throws<ArgumentException>(
            () => Bleu.Corpus(["a", "b", "c"], [["a", "b", "c"]])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Bleu.Corpus([], (IReadOnlyList<string>)[]));
        Assert.Throws<ArgumentException>(() => Bleu.Sentence("a", [null!]));
        Assert.Throws<ArgumentException>(() => Bleu.Combine([]));
        Assert.Throws<ArgumentException>(() => Bleu.Combine(Bleu.Sentences(["a"], [["a"]]), new() { MaxOrder = 2 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bleu.Sentence("a", ["a"], new() { MaxOrder = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bleu.Sentence("a", ["a"], new() { Smoothing = BleuSmoothing.Floor, SmoothingValue = double.NaN }));
        Assert.Throws<ArgumentException>(() => Bleu.Sentence("a", ["a"], new() { SmoothingValue = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bleu.Sentence("a", ["a"], new() { Tokenizer = (BleuTokenizer)9 }));
    }
}
