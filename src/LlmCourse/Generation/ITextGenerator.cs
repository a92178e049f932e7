namespace LlmCourse.Generation;

/// <summary>Completes texts: the small interface that prompting, judges and pipelines take, whatever stands behind it.</summary>
/// <remarks>
/// <para>All members are thread-safe: several requests may be under way at once on one instance.</para>
/// <para>An implementation changes neither the prompts nor the options. A caller may share one options instance between requests.</para>
/// </remarks>
public interface ITextGenerator
{
    /// <summary>Completes each of several prompts.</summary>
    /// <param name="prompts">The prompts, as raw text. None gives an empty result.</param>
    /// <param name="options">What differs from the model's own defaults; null for none.</param>
    /// <param name="cancellationToken">Checked between tokens.</param>
    /// <returns>One completion a prompt, or <see cref="GenerationOptions.NumReturnSequences"/> of them, in the order of the prompts. Each depends on its own prompt and row index only.</returns>
    /// <exception cref="OperationCanceledException">The request was cancelled. No partial result is returned.</exception>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    /// <exception cref="Runtime.LlmException">A prompt does not fit, or a default of the model is not supported.</exception>
    public Task<IReadOnlyList<Completion>> GenerateAsync(
        IReadOnlyList<string> prompts, GenerationOptions? options = null, CancellationToken cancellationToken = default);
}
