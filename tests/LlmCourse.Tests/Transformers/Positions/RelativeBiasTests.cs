
namespace LlmCourse.Tests.Transformers.Positions;

public sealed class RelativeBiasTests
{
    // 8 buckets up to 16, one direction: 0 to 3 exact; then 4 + ⌊4 · ln(d / 4) / ln 4⌋: 4 from d = 4, 5 from 5.66, 6 from 8, 7 from 11.3.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(-3, 3)]
    [InlineData(-4, 4)]
    [InlineData(-5, 4)]
    [InlineData(-6, 5)]
    [InlineData(-8, 6)]
    [InlineData(-11, 6)]
    [InlineData(-12, 7)]
    [InlineData(-1000, 7)]
    [InlineData(5, 0)] // what comes later has no distance
    public void Behind_are_exact_then_logarithmic_buckets(int distance, int bucket) =>
        Assert.Equal(bucket, RelativeBias.Bucket(distance, bidirectional: false, buckets: 8, maximum: 16));

    // Half of them for each direction: 0 and 1 exact, then 2 + ⌊2 · ln(d / 2) / ln 8⌋: 3 from d = 5.66.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(-1, 1)]
    [InlineData(-5, 2)]
    [InlineData(-6, 3)]
    [InlineData(1, 5)]
    [InlineData(5, 6)]
    [InlineData(6, 7)]
    [InlineData(500, 7)]
    public void Both_directions_share_the_buckets(int distance, int bucket) =>
        Assert.Equal(bucket, RelativeBias.Bucket(distance, bidirectional: true, buckets: 8, maximum: 16));
}
