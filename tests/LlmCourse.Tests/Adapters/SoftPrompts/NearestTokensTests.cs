using LlmCourse.Adapters;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Adapters;

public sealed class NearestTokensTests
{
    [SkippableFact]
    public void The_closest_come_first()
    {
        using Tensor table = tensor(new float[] { 1, 0, 0, 10, 3, 4, 0, 0, -2, 0, 0, 10 }, [6, 2], device: TestDevice.Device);
        using Tensor prompt = tensor(new float[] { 3, 0, 0, 2 }, [2, 2], device: TestDevice.Device);

        // (3, 0) has the direction of (1, 0); (3, 4) is at cosine 3/5; what is at right angles, and the zero vector, at 0.
        IReadOnlyList<IReadOnlyList<NearestToken>> cosine = NearestTokens.Of(prompt, table, 3);
        Assert.Equal([(0, 1), (2, 0.6), (1, 0)], Rounded(cosine[0]));
        Assert.Equal([(1, 1), (5, 1), (2, 0.8)], Rounded(cosine[1]));
        Assert.Null(cosine[0][0].Text);

        // From (3, 0): (1, 0) is 2 away, (0, 0) 3, (3, 4) 4.
        IReadOnlyList<IReadOnlyList<NearestToken>> euclidean = NearestTokens.Of(prompt, table, 3, Closeness.Euclidean);
        Assert.Equal([(0, 2), (3, 3), (2, 4)], Rounded(euclidean[0]));
        Assert.Equal([(3, 2), (0, 2.2361), (4, 2.8284)], Rounded(euclidean[1]));
    }

    [SkippableFact]
    public void What_does_not_fit_is_refused()
    {
        using Tensor table = ones([3, 2], device: TestDevice.Device), prompt = ones([1, 4], device: TestDevice.Device), own = ones([1, 2], device: TestDevice.Device);
        Assert.Contains("[1, 4] and [3, 2]", Assert.Throws<ArgumentException>(() => NearestTokens.Of(prompt, table)).Message, StringComparison.Ordinal);
        Assert.Contains("1 to the 3", Assert.Throws<ArgumentException>(() => NearestTokens.Of(own, table, 4)).Message, StringComparison.Ordinal);
        Assert.Equal(3, NearestTokens.Of(own, table, 3)[0].Count);
    }

    private static IEnumerable<(int, double)> Rounded(IReadOnlyList<NearestToken> tokens) => tokens.Select(token => (token.Id, Math.Round(token.Score, 4)));
}
