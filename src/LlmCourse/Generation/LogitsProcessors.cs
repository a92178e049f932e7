using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// The rules that change the scores of the next token before one is chosen. Each works <b>in place</b> on scores [B, V] of
/// floating type that the caller owns, on their device and without waiting for it.
/// </summary>
internal static class LogitsProcessors
{
    /// <summary>
    /// Divides the positive scores of tokens that were seen by the penalty and multiplies the negative ones, once per distinct token
    /// (Keskar et al., "CTRL", 2019).
    /// </summary>
    /// <param name="scores">[B, V], changed.</param>
    /// <param name="seen">[B, T] ids. The same id twice in a row counts once, so that a shorter row is filled up with one of its own.</param>
    /// <param name="penalty">Above 1: less likely.</param>
    public static void RepetitionPenalty(Tensor scores, Tensor seen, double penalty)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor old = scores.gather(1, seen);
        Tensor changed = where(old.IsBelow(0), old.Times(penalty), old.Over(penalty));
        scores.scatter_(1, seen, changed);
    }

    /// <summary>Forbids tokens in some rows.</summary>
    /// <param name="scores">[B, V], changed.</param>
    /// <param name="rows">[R] indices of the rows.</param>
    /// <param name="tokens">[E] ids of the tokens.</param>
    public static void Suppress(Tensor scores, Tensor rows, Tensor tokens) => Put(scores, rows, tokens, double.NegativeInfinity);

    /// <summary>Forbids every other token in some rows; the allowed ones score 0.</summary>
    /// <param name="scores">[B, V], changed.</param>
    /// <param name="rows">[R] indices of the rows.</param>
    /// <param name="tokens">[E] ids of the tokens that remain.</param>
    public static void Force(Tensor scores, Tensor rows, Tensor tokens)
    {
        using Scalar nothing = double.NegativeInfinity;
        scores.index_fill_(0, rows, nothing);
        Put(scores, rows, tokens, 0);
    }

    private static void Put(Tensor scores, Tensor rows, Tensor tokens, double score)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor value = tensor(score, scores.dtype, scores.device);
        scores.index_put_(value, rows.unsqueeze(1), tokens.unsqueeze(0));
    }
}
