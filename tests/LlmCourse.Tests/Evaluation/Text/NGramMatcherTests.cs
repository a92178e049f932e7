using LlmCourse.Evaluation.Text;

namespace LlmCourse.Tests.Evaluation.Text;

public sealed class NGramMatcherTests
{
    [Fact]
    public void An_n_gram_counts_as_often_as_in_the_reference_that_has_most_of_it()
    {
        NGramMatcher grams = new(2);
        grams.AddReference([1, 2, 1]); // 1 twice, 2 once; 12, 21
        grams.AddReference([2, 2]); // 2 twice; 22
        int[] matches = new int[2];
        grams.Match([1, 1, 1, 2, 2, 2], matches); // 1 three times, 2 three times; 11 11 12 22 22
        Assert.Equal([2 + 2, 1 + 1], matches);
    }

    [Fact]
    public void Equals_counting_with_a_dictionary()
    {
        Random random = new(2);
        NGramMatcher grams = new(4);
        for (int round = 0; round < 200; round++)
        {
            int[][] references = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Tokens(random))];
            int[] candidate = Tokens(random), matches = new int[4];
            grams.Clear();
            foreach (int[] reference in references)
                grams.AddReference(reference);
            grams.Match(candidate, matches);
            for (int n = 1; n <= 4; n++)
            {
                Dictionary<string, int>[] counts = [.. references.Select(reference => Counted(reference, n))];
                Assert.Equal(Counted(candidate, n).Sum(gram => Math.Min(gram.Value, counts.Max(count => count.GetValueOrDefault(gram.Key)))), matches[n - 1]);
            }
        }

        static int[] Tokens(Random random) => [.. Enumerable.Range(0, random.Next(0, 300)).Select(_ => random.Next(4))];
    }

    private static Dictionary<string, int> Counted(int[] tokens, int n) => Enumerable.Range(0, NGramMatcher.Total(tokens.Length, n))
        .GroupBy(i => string.Join(',', tokens[i..(i + n)]))
        .ToDictionary(group => group.Key, group => group.Count());
}
