namespace LlmCourse.Checkpoints;

/// <summary>How far the loading of a model is.</summary>
/// <param name="Loaded">Bytes of weights read so far.</param>
/// <param name="Total">Bytes of weights in all.</param>
public readonly record struct LoadProgress(long Loaded, long Total)
{
    /// <summary>The share that is loaded, 0 to 1.</summary>
    public double Fraction => Total == 0 ? 1 : (double)Loaded / Total;
}
