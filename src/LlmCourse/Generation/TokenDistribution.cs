using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// The probability of every token to come next: what temperature, top-k, top-p and the other options make of the model's scores.
/// A plain value on the host; nothing to dispose.
/// </summary>
public sealed class TokenDistribution
{
    private readonly double[] _probabilities;
    private readonly Func<int, string> _text;

    private TokenDistribution(double[] probabilities, Func<int, string>? text)
    {
        _probabilities = probabilities;
        _text = text ?? (id => id.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>How many tokens the vocabulary has.</summary>
    public int VocabularySize => _probabilities.Length;

    /// <summary>The probability of one token; 0 where it cannot be drawn.</summary>
    /// <param name="tokenId">The id of the token.</param>
    public double this[int tokenId] => tokenId >= 0 && tokenId < _probabilities.Length
        ? _probabilities[tokenId]
        : throw new ArgumentOutOfRangeException(nameof(tokenId), tokenId, $"The vocabulary has {_probabilities.Length} tokens.");

    /// <summary>The most likely tokens, best first; equal ones in the order of their ids.</summary>
    /// <param name="count">How many at most. Tokens that cannot be drawn are not among them.</param>
    /// <returns>At most <paramref name="count"/> tokens.</returns>
    public IReadOnlyList<TokenProbability> Top(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int[] ids = [.. Enumerable.Range(0, _probabilities.Length).Where(id => _probabilities[id] > 0)];
        return [.. ids.OrderByDescending(id => _probabilities[id]).Take(count).Select(id => new TokenProbability(id, _text(id), _probabilities[id]))];
    }

    /// <summary>The distribution that one row of scores stands for.</summary>
    /// <param name="scores">[V], after every option.</param>
    /// <param name="text">What a token looks like; its number where null.</param>
    internal static TokenDistribution Of(Tensor scores, Func<int, string>? text = null)
    {
        using DisposeScope scope = NewDisposeScope();
        return new(scores.to(ScalarType.Float64).softmax(0).cpu().data<double>().ToArray(), text);
    }

    /// <summary>The distribution the next token of one row would be drawn from. For a greedy search, the one it takes the best of.</summary>
    /// <param name="scores">[V], after <see cref="LogitsPipeline"/>.</param>
    /// <param name="settings">The request's options.</param>
    /// <param name="text">What a token looks like; its number where null.</param>
    internal static TokenDistribution Of(Tensor scores, ResolvedGeneration settings, Func<int, string>? text = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor row = scores.unsqueeze(0);
        return Of((settings.Samples ? LogitsWarpers.Warp(row, settings) : row).squeeze(0), text);
    }
}
