using LlmCourse.Runtime;

namespace LlmCourse.Data;

/// <summary>Orders that are functions of a seed: nothing needs to be remembered to go on in the middle of one.</summary>
internal static class Permutation
{
    /// <summary>The numbers from 0 to <paramref name="count"/> − 1 in a random order (Fisher and Yates), another for every seed and stream.</summary>
    public static int[] Of(int count, long seed, long stream)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)(Philox.Uniform(seed, stream, i) * (i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
