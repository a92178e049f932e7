using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class RougeTests
{
    private static readonly RougeOptions Stemmed = new() { UseStemmer = true };

    [Fact]
    public void Recall_divides_by_the_reference_and_precision_by_the_prediction()
    {
        // One word of one is right, one of three is there: P = 1, R = 1/3, F = 2/3 / (4/3).
        RougeScores scores = Rouge.Score("testing", "testing one two");
        Assert.Equal(1, scores.Rouge1.Precision);
        Assert.Equal(1.0 / 3, scores.Rouge1.Recall);
        Assert.Equal(0.5, scores.Rouge1.F1, 15);
        Assert.Equal(default, scores.Rouge2);
    }

    [Fact]
    public void The_course_s_example()
    {
        // All 4 words of the reference, 4 of the 5 that were written; "it is" and "cold outside" of 3 and 4 pairs; 4 words in order.
        RougeScores scores = Rouge.Score("It is very cold outside.", "It is cold outside.");
        Assert.Equal((4.0 / 5, 1), (scores.Rouge1.Precision, scores.Rouge1.Recall));
        Assert.Equal(8.0 / 9, scores.Rouge1.F1, 12);
        Assert.Equal((2.0 / 4, 2.0 / 3), (scores.Rouge2.Precision, scores.Rouge2.Recall));
        Assert.Equal(4.0 / 7, scores.Rouge2.F1, 12);
        Assert.Equal(scores.Rouge1, scores.RougeL);
        Assert.Equal(scores.RougeL, scores.RougeLsum);
    }

    [Fact]
    public void Repeated_words_count_as_often_as_in_both()
    {
        // "the" stands seven times, and twice in the reference of six words.
        RougeScores scores = Rouge.Score("the the the the the the the", "the cat is on the mat");
        Assert.Equal((2.0 / 7, 2.0 / 6), (scores.Rouge1.Precision, scores.Rouge1.Recall));
    }

    [Fact]
    public void Lsum_unites_the_subsequences_of_all_lines()
    {
        // Lin's example: with the first line w1 w2, with the second w1 w3 w5; together 4 of 5 words, and 4 of the prediction's 10.
        RougeScores scores = Rouge.Score("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", "w1 w2 w3 w4 w5");
        Assert.Equal((0.4, 0.8), (scores.RougeLsum.Precision, scores.RougeLsum.Recall));
        // As one text: w1 w2 w3 w5.
        Assert.Equal((0.4, 0.8), (scores.RougeL.Precision, scores.RougeL.Recall));
    }

    [Fact]
    public void Lsum_counts_no_word_more_often_than_it_stands_there()
    {
        // Either line of the reference finds the one "a b" of the prediction; it counts once. L ignores lines: "a b".
        RougeScores scores = Rouge.Score("a b\nc", "a b\na b");
        Assert.Equal((2.0 / 3, 2.0 / 4), (scores.RougeLsum.Precision, scores.RougeLsum.Recall));
    }

    [Fact]
    public void Lines_in_another_order_are_found_by_Lsum_only()
    {
        RougeScores scores = Rouge.Score("c d\na b", "a b\nc d");
        Assert.Equal((1, 0.5), (scores.RougeLsum.F1, scores.RougeL.F1));
    }

    [Fact]
    public void Sentences_are_split_when_asked()
    {
        const string prediction = "Mr. Smith left. \"He ran!\" It rained.", reference = "It rained. \"He ran!\" Mr. Smith left.";
        Assert.True(Rouge.Score(prediction, reference).RougeLsum.F1 < 1);
        Assert.Equal(1, Rouge.Score(prediction, reference, new() { SplitSentences = true }).RougeLsum.F1);
        // "Mr. Smith left" is one sentence, in which the order matters: two of three words. Split at "Mr." all three were found.
        Assert.Equal(2.0 / 3, Rouge.Score("Smith Mr. Left.", "Mr. Smith left.", new() { SplitSentences = true }).RougeLsum.F1, 12);
    }

    [Fact]
    public void The_stemmer_compares_words_of_more_than_three_letters()
    {
        Assert.Equal(0, Rouge.Score("running dogs", "runs dog").Rouge1.F1);
        Assert.Equal(1, Rouge.Score("running dogs", "runs dog", Stemmed).Rouge1.F1);
        Assert.Equal(0, Rouge.Score("his", "hi", Stemmed).Rouge1.F1); // three letters stay
    }

    [Theory]
    [InlineData("café", "caf", 1, 0)] // the accent ends an ASCII word
    [InlineData("café", "cafe\u0301", 0, 1)] // composed and decomposed ("cafe" is another word than "caf")
    [InlineData("привет мир", "Привет, Мир!", 0, 1)]
    [InlineData("你好", "好你", 0, 1)] // two words
    [InlineData("\u212Aelvin", "kelvin", 1, 1)] // the Kelvin sign is a k
    [InlineData("x_y", "x y", 1, 1)]
    public void Words_of_other_scripts(string prediction, string reference, double ascii, double unicode)
    {
        Assert.Equal(ascii, Rouge.Score(prediction, reference).Rouge1.F1);
        Assert.Equal(unicode, Rouge.Score(prediction, reference, new() { Unicode = true }).Rouge1.F1);
    }

    [Fact]
    public void Of_several_references_the_best_counts_for_each_figure()
    {
        // Against "a b": P 1/2, R 1/2 of two words and no pair. Against "x y z a c": two words, and the pair "a c" of 1 and 4.
        RougeScores scores = Rouge.Score("a c", ["a b", "x y z a c"]);
        Assert.Equal((1, 2.0 / 5), (scores.Rouge1.Precision, scores.Rouge1.Recall));
        Assert.Equal((1, 1.0 / 4), (scores.Rouge2.Precision, scores.Rouge2.Recall));
        Assert.Equal((0.5, 0.5), Of(Rouge.Score("a c", ["a b", "d e"])));
        Assert.Equal((0.5, 0.5), Of(Rouge.Score("a c", ["d e", "a b"])));

        static (double, double) Of(RougeScores scores) => (scores.Rouge1.Precision, scores.Rouge1.Recall);
    }

    [Fact]
    public void Or_the_mean_over_references_if_that_is_asked_for()
    {
        // Precision 1/3 and 2/3, recall 1/2 and 1, F1 2/5 and 4/5: the mean of F1, not F1 of the means.
        PrecisionRecall found = Rouge.Score("a c d", ["a b", "a c"], new() { AverageReferences = true }).Rouge1;
        Assert.Equal((((1.0 / 3) + (2.0 / 3)) / 2, (0.5 + 1) / 2, (0.4 + 0.8) / 2), (found.Precision, found.Recall, found.F1));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("", "word")]
    [InlineData("word", "")]
    [InlineData("...", "!!!")]
    [InlineData("\n\n", "\n")]
    public void Without_words_everything_is_zero(string prediction, string reference)
    {
        RougeScores scores = Rouge.Score(prediction, reference, new() { SplitSentences = true, Unicode = true });
        Assert.Equal((default, default, default, default), (scores.Rouge1, scores.Rouge2, scores.RougeL, scores.RougeLsum));
    }

    [Fact]
    public void Longer_n_grams_are_counted_when_asked()
    {
        RougeScores scores = Rouge.Score("a b c d", "a b c e", new() { MaxOrder = 3 });
        Assert.Equal(0.5, scores.RougeN(3).F1); // "a b c" of two
        Assert.Equal(scores.Rouge2, scores.RougeN(2));
        Assert.Contains("between 1 and 3", Assert.Throws<ArgumentOutOfRangeException>(() => scores.RougeN(4)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_equals_itself_and_swapping_swaps_precision_and_recall()
    {
        Random random = new(4);
        for (int round = 0; round < 100; round++)
        {
            (string a, string b) = (Words(random), Words(random));
            RougeScores same = Rouge.Score(a, a, Stemmed), there = Rouge.Score(a, b, Stemmed), back = Rouge.Score(b, a, Stemmed);
            Assert.All([same.Rouge1, same.RougeL, same.RougeLsum], score => Assert.Equal(new PrecisionRecall(1, 1, 1), score));
            foreach ((PrecisionRecall one, PrecisionRecall other) in new[] { (there.Rouge1, back.Rouge1), (there.Rouge2, back.Rouge2), (there.RougeL, back.RougeL) })
                Assert.Equal((one.Precision, one.Recall, one.F1), (other.Recall, other.Precision, other.F1));
            Assert.All([there.Rouge1, there.Rouge2, there.RougeL, there.RougeLsum], score => Assert.InRange(score.F1, 0, 1));
            Assert.True(there.RougeL.F1 <= there.Rouge1.F1 && there.RougeLsum.F1 <= there.Rouge1.F1);
        }

        static string Words(Random random) => string.Join("", Enumerable.Range(0, random.Next(2, 40)).Select(_ => "abcde"[random.Next(5)] + (random.Next(8) == 0 ? "\n" : " ")));
    }

    [Fact]
    public void All_at_once_is_one_by_one()
    {
        string[] predictions = ["runs fast", "a b\nc", ""], references = ["running fast", "a c\nb", "x"];
        IReadOnlyList<RougeScores> scores = Rouge.ScoreAll(predictions, references, Stemmed);
        for (int i = 0; i < predictions.Length; i++)
            Assert.Equal(Rouge.Score(predictions[i], references[i], Stemmed).RougeLsum, scores[i].RougeLsum);
        Assert.Equal((scores[0].Rouge1.F1 + scores[1].Rouge1.F1) / 3, Rouge.Mean(scores).Rouge1.F1, 15);
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Rouge.Score(null!, "a"));
        Assert.Throws<ArgumentException>(() => Rouge.Score("a", (string)null!));
        Assert.Throws<ArgumentException>(() => Rouge.Score("a", (IReadOnlyList<string>)[]));
        Assert.Contains("2 predictions and 1 references", Assert.Throws<ArgumentException>(() => Rouge.ScoreAll(["a", "b"], ["a"])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Rouge.ScoreAll([], (IReadOnlyList<string>)[]));
        Assert.Throws<ArgumentException>(() => Rouge.Mean([]));
        Assert.Throws<ArgumentException>(() => Rouge.Mean([Rouge.Score("a", "a"), Rouge.Score("a", "a", new() { MaxOrder = 3 })]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Rouge.Score("a", "a", new() { MaxOrder = 1 }));
    }
}
