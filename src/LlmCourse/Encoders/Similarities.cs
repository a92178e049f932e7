namespace LlmCourse.Encoders;

/// <summary>Comparing embeddings.</summary>
internal static class Similarities
{
    /// <exception cref="ArgumentException">They differ in length.</exception>
    public static double Of(SimilarityFunction function, ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        if (first.Length != second.Length)
            throw new ArgumentException($"Embeddings of {first.Length} and {second.Length} numbers cannot be compared.");
        double dot = 0, one = 0, other = 0, squares = 0, absolute = 0;
        for (int i = 0; i < first.Length; i++)
        {
            double x = first[i], y = second[i];
            dot += x * y;
            one += x * x;
            other += y * y;
            squares += (x - y) * (x - y);
            absolute += Math.Abs(x - y);
        }

        return function switch
        {
            SimilarityFunction.Cosine => dot / (Math.Max(Math.Sqrt(one), 1e-12) * Math.Max(Math.Sqrt(other), 1e-12)),
            SimilarityFunction.Dot => dot,
            SimilarityFunction.Euclidean => -Math.Sqrt(squares),
            SimilarityFunction.Manhattan => -absolute,
            _ => throw new ArgumentOutOfRangeException(nameof(function), function, "Unknown similarity."),
        };
    }
}
