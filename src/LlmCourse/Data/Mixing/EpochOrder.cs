using LlmCourse.Runtime;

namespace LlmCourse.Data;

/// <summary>The order in which a data set is gone through: another one in every epoch, and the same one every time it is asked for.</summary>
internal static class EpochOrder
{
    /// <summary>A permutation of 0 … count − 1 (Fisher–Yates): a function of the seed, the epoch and the count, and of nothing else.</summary>
    public static int[] Of(long seed, long epoch, int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int last = count - 1; last > 0; last--)
        {
            int other = (int)(Philox.Uniform(seed, epoch, last) * (last + 1));
            (order[last], order[other]) = (order[other], order[last]);
        }

        return order;
    }
}
