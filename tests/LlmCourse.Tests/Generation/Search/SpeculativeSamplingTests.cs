using LlmCourse.Generation;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Generation;

public sealed class SpeculativeSamplingTests
{
    /// <summary>Ratios p / q of .5, 2, .5 and 0: a number below the ratio accepts, and the first refusal ends.</summary>
    [Theory]
    [InlineData(new[] { 0.49, 0.99, 0.49, 0.0 }, 3)]
    [InlineData(new[] { 0.5, 0.0, 0.0, 0.0 }, 0)]
    [InlineData(new[] { 0.1, 0.99, 0.51, 0.0 }, 2)]
    [InlineData(new[] { 0.0, 0.0, 0.0, 0.0 }, 3)]
    public void Tokens_stay_with_the_probability_of_the_ratio(double[] uniforms, int expected) =>
        Assert.Equal(expected, SpeculativeSampling.Accepted([0.2, 0.4, 0.05, 0], [0.4, 0.2, 0.1, 0.3], uniforms));

    /// <summary>p = .5 .3 .2 and q = .2 .3 .5 leave .3 0 0: all of it is the first token. p = .4 .4 .2 and q = .2 .1 .7 leave .2 .3: .4 and .6.</summary>
    [SkippableTheory]
    [InlineData(new[] { .5f, .3f, .2f }, new[] { .2f, .3f, .5f }, new[] { 1f, 0f, 0f })]
    [InlineData(new[] { .4f, .4f, .2f }, new[] { .2f, .1f, .7f }, new[] { .4f, .6f, 0f })]
    [InlineData(new[] { .4f, .4f, .2f }, new[] { .4f, .4f, .2f }, new[] { .4f, .4f, .2f })]
    public void What_is_drawn_instead(float[] p, float[] q, float[] expected)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor law = SpeculativeSampling.Residual(Row(p), Row(q)).softmax(1);
        Assert.All(expected.Zip(law.to(ScalarType.Float32).cpu().data<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [SkippableFact]
    public void One_drafted_token_and_its_check_have_the_law_of_the_target()
    {
        using DisposeScope scope = NewDisposeScope();
        float[] p = [.4f, .3f, .2f, .1f, 0], q = [.1f, .5f, .05f, .05f, .3f];
        using Tensor residual = SpeculativeSampling.Residual(Row(p), Row(q));
        int[] counts = new int[5];
        for (int draw = 0; draw < 4_000; draw++)
        {
            using TokenChoice drafted = Sampler.Sample(Row(q), 1, 0, 1, [Philox.Uniform(1, draw, 0)]);
            int token = (int)drafted.HostIds[0];
            if (SpeculativeSampling.Accepted([p[token]], [q[token]], [Philox.Uniform(2, draw, 0)]) == 0)
            {
                using TokenChoice other = Sampler.Sample(residual, 1, 0, 1, [Philox.Uniform(3, draw, 0)]);
                token = (int)other.HostIds[0];
            }

            counts[token]++;
        }

        Assert.True(ChiSquare.PValue(counts, [.. p.Select(each => (double)each)]) > 1e-4);
        Assert.True(ChiSquare.PValue(counts, [.. q.Select(each => (double)each)]) < 1e-4);
    }

    private static Tensor Row(float[] probabilities) => tensor(probabilities, [1, probabilities.Length], device: TestDevice.Device).log();
}
