using LlmCourse.Runtime;

namespace LlmCourse.Tests.Runtime;

public sealed class PhiloxTests
{
    /// <summary>The known answers which the authors of the generator publish (Random123, kat_vectors, philox4x32 with 10 rounds).</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Known_answers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint r0, uint r1, uint r2, uint r3) =>
        Assert.Equal((r0, r1, r2, r3), Philox.Block((c0, c1, c2, c3), (k0, k1)));

    [Fact]
    public void A_number_depends_on_seed_row_and_step_only()
    {
        Assert.Equal(Philox.Uniform(7, 3, 11), Philox.Uniform(7, 3, 11));
        Assert.Equal(Philox.Uniform(7, 3, 11), Philox.Uniforms(7, [0, 3], 11)[1]);
        double[] neighbours =
        [
            Philox.Uniform(7, 3, 11), Philox.Uniform(8, 3, 11), Philox.Uniform(7, 4, 11), Philox.Uniform(7, 3, 12),
            Philox.Uniform(-7, 3, 11), Philox.Uniform(7, 3L << 32, 11), Philox.Uniform(7, 3, 11L << 32), Philox.Uniform(7, 11, 3),
        ];
        Assert.Equal(neighbours.Length, neighbours.Distinct().Count());
    }

    [Fact]
    public void Numbers_are_in_the_unit_interval_and_spread_evenly()
    {
        int[] bins = new int[20];
        for (int step = 0; step < 20_000; step++)
        {
            double number = Philox.Uniform(1, 0, step);
            Assert.InRange(number, 0, 1 - 1e-16);
            bins[(int)(number * bins.Length)]++;
        }

        Assert.True(ChiSquare.PValue(bins, [.. bins.Select(_ => 1.0 / bins.Length)]) > 1e-4);
    }
}
