namespace LlmCourse.Generation;

/// <summary>A default of the checkpoint that nobody can generate with.</summary>
/// <param name="Key">The key in the file.</param>
/// <param name="Found">The file, the key, its value, and what is wrong with it.</param>
/// <param name="SamplingOnly">True where it means nothing to a greedy search.</param>
/// <param name="Override">The caller's own value, if the options have one; null where there is no such property.</param>
internal sealed record DefaultRefusal(string Key, string Found, bool SamplingOnly, Func<GenerationOptions, object?>? Override)
{
    public bool Concerns(GenerationOptions options, bool samples) =>
        (samples || !SamplingOnly) && Override?.Invoke(options) is null && !options.IgnoredDefaults.Contains(Key, StringComparer.Ordinal);
}
