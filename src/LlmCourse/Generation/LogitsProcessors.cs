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

    /// <summary>
    /// Goes away from what the model would say without the prompt (Ho and Salimans, "Classifier-free diffusion guidance", 2022, eq. 6, for
    /// log-probabilities): scale · (log p − log p₀) + log p₀.
    /// </summary>
    /// <param name="scores">[B, V] behind the prompt; not changed.</param>
    /// <param name="unconditional">[B, V] behind something else; not changed.</param>
    /// <param name="scale">1 changes nothing but the normalisation.</param>
    /// <returns>A fresh tensor of the type of <paramref name="scores"/>.</returns>
    public static Tensor Guide(Tensor scores, Tensor unconditional, double scale)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor without = unconditional.to(scores.dtype).log_softmax(1);
        return scores.log_softmax(1).MinusInPlace(without).TimesInPlace(scale).PlusInPlace(without).MoveToOuterDisposeScope();
    }

    /// <summary>Adds numbers to single scores.</summary>
    /// <param name="scores">[B, V], contiguous, changed.</param>
    /// <param name="places">[N] where, row · V + token, none twice.</param>
    /// <param name="biases">[N] what is added.</param>
    public static void Bias(Tensor scores, Tensor places, Tensor biases)
    {
        using DisposeScope scope = NewDisposeScope();
        using Scalar one = 1;
        scores.view(-1).index_add_(0, places, biases.to(scores.dtype), one);
    }

    /// <summary>Forbids single tokens.</summary>
    /// <param name="scores">[B, V], contiguous, changed.</param>
    /// <param name="places">[N] where, row · V + token.</param>
    public static void Forbid(Tensor scores, Tensor places)
    {
        using DisposeScope scope = NewDisposeScope();
        using Scalar nothing = double.NegativeInfinity;
        scores.view(-1).index_fill_(0, places, nothing);
    }

    /// <summary>What is not a number becomes 0, what is infinite the largest or smallest number of the type.</summary>
    /// <param name="scores">[B, V], changed.</param>
    public static void RemoveInvalid(Tensor scores)
    {
        using DisposeScope scope = NewDisposeScope();
        (double most, double least) = scores.dtype == ScalarType.Float64 ? (double.MaxValue, double.MinValue) : (float.MaxValue, float.MinValue);
        scores.WithInPlace(scores.isnan(), 0).WithInPlace(scores.isposinf(), most).WithInPlace(scores.isneginf(), least);
    }

    /// <summary>Raises the scores s of some tokens to s + |s| · (factor − 1), whatever their sign; infinite ones stay.</summary>
    /// <param name="scores">[B, V], contiguous, changed.</param>
    /// <param name="places">[N] where, row · V + token, none twice.</param>
    /// <param name="factors">[N] by which factor.</param>
    public static void Raise(Tensor scores, Tensor places, Tensor factors)
    {
        using DisposeScope scope = NewDisposeScope();
        using Scalar one = 1;
        Tensor flat = scores.view(-1), old = flat.index_select(0, places);
        Tensor added = old.abs().mul_(factors.to(scores.dtype).PlusInPlace(-1));
        flat.index_add_(0, places, added.WithInPlace(old.isfinite().logical_not(), 0), one);
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
