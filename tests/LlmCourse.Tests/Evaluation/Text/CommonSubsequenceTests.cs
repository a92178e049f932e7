using LlmCourse.Evaluation.Text;

namespace LlmCourse.Tests.Evaluation.Text;

public sealed class CommonSubsequenceTests
{
    private const int Vocabulary = 7;

    /// <summary>Lengths around 64 and 128, where a row becomes a word longer, and few different tokens, so that there are many ways.</summary>
    [Fact]
    public void Equals_the_table_of_the_textbook()
    {
        Random random = new(1);
        CommonSubsequence subsequence = new();
        int longest = 0;
        for (int round = 0; round < 400; round++)
        {
            int[] reference = Tokens(random, random.Next(0, 140)), candidate = Tokens(random, random.Next(0, 140));
            int[,] table = Table(reference, candidate);
            Assert.Equal(table[reference.Length, candidate.Length], subsequence.Length(reference, candidate, Vocabulary));
            bool[] marks = new bool[reference.Length];
            subsequence.Mark(reference, candidate, Vocabulary, marks);
            Assert.Equal(Marks(table, reference, candidate), marks);
            longest = Math.Max(longest, table[reference.Length, candidate.Length]);
        }

        Assert.True(longest > 64);
    }

    [Fact]
    public void Two_very_long_lines_are_refused_before_their_table_is_made()
    {
        int[] line = new int[100_000]; // 100,001 rows of 1,563 words are over a gigabyte
        ArgumentException error = Assert.Throws<ArgumentException>(() => new CommonSubsequence().Mark(line, line, 1, new bool[line.Length]));
        Assert.Contains("100000", error.Message, StringComparison.Ordinal);
    }

    private static int[] Tokens(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))];

    private static int[,] Table(int[] reference, int[] candidate)
    {
        int[,] table = new int[reference.Length + 1, candidate.Length + 1];
        for (int i = 1; i <= reference.Length; i++)
        {
            for (int j = 1; j <= candidate.Length; j++)
                table[i, j] = reference[i - 1] == candidate[j - 1] ? table[i - 1, j - 1] + 1 : Math.Max(table[i - 1, j], table[i, j - 1]);
        }

        return table;
    }

    private static bool[] Marks(int[,] table, int[] reference, int[] candidate)
    {
        bool[] marks = new bool[reference.Length];
        for (int i = reference.Length, j = candidate.Length; i > 0 && j > 0;)
        {
            if (reference[i - 1] == candidate[j - 1])
            {
                marks[--i] = true;
                j--;
            }
            else if (table[i, j - 1] > table[i - 1, j])
            {
                j--;
            }
            else
            {
                i--;
            }
        }

        return marks;
    }
}
