namespace LlmCourse.Checkpoints;

/// <summary>How far the loading of a model is: first its download, if it has to be downloaded, then the reading of its weights.</summary>
/// <param name="Loaded">Bytes downloaded, or bytes of weights read, so far.</param>
/// <param name="Total">Bytes to download, or bytes of weights, in all.</param>
public readonly record struct LoadProgress(long Loaded, long Total)
{
    /// <summary>Whether the bytes are being downloaded.</summary>
    public bool IsDownload { get; init; }

    /// <summary>The share that is loaded, 0 to 1.</summary>
    public double Fraction => Total == 0 ? 1 : (double)Loaded / Total;
}
