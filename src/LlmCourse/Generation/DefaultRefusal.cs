namespace LlmCourse.Generation;

/// <summary>A default of the checkpoint that nobody can generate with.</summary>
/// <param name="Key">The key in the file.</param>
/// <param name="Found">The file, the key, its value, and what is wrong with it.</param>
/// <param name="For">The strategy without which it means nothing.</param>
/// <param name="Override">The caller's own value, if the options have one; null where there is no such property.</param>
internal sealed record DefaultRefusal(string Key, string Found, DefaultScope For, Func<GenerationOptions, object?>? Override)
{
    public bool Concerns(GenerationOptions options, bool samples, bool beams) =>
        For switch { DefaultScope.Sampling => samples, DefaultScope.Beams => beams, _ => true } && Override?.Invoke(options) is null;
}
