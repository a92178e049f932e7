namespace LlmCourse.Tests;

public sealed class ChiSquareTests
{
    /// <summary>Critical values of the χ² distribution as printed in every table.</summary>
    [Theory]
    [InlineData(1, 3.841459, 0.05)]
    [InlineData(2, 5.991465, 0.05)]
    [InlineData(10, 23.209251, 0.01)]
    [InlineData(100, 149.449253, 0.001)]
    [InlineData(10, 3.940299, 0.95)]
    public void Tail_probabilities(int degreesOfFreedom, double critical, double expected) =>
        Assert.Equal(expected, ChiSquare.UpperGamma(degreesOfFreedom / 2.0, critical / 2), 6);

    [Fact]
    public void A_wrong_distribution_is_found_out()
    {
        Assert.True(ChiSquare.PValue([5100, 4900], [0.5, 0.5]) > 0.04);
        Assert.True(ChiSquare.PValue([5300, 4700], [0.5, 0.5]) < 1e-8);
        Assert.Equal(0, ChiSquare.PValue([9999, 1], [1, 0]));
    }
}
