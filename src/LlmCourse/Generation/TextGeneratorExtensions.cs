namespace LlmCourse.Generation;

/// <summary>Conveniences over <see cref="ITextGenerator"/>.</summary>
public static class TextGeneratorExtensions
{
    /// <summary>Completes one prompt.</summary>
    /// <param name="generator">Who completes it.</param>
    /// <param name="prompt">The prompt, as raw text.</param>
    /// <param name="options">What differs from the model's own defaults; null for none.</param>
    /// <param name="cancellationToken">Checked between tokens.</param>
    /// <returns>The completion.</returns>
    public static async Task<Completion> GenerateAsync(
        this ITextGenerator generator, string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(prompt);
        return (await generator.GenerateAsync([prompt], options, cancellationToken).ConfigureAwait(false))[0];
    }
}
