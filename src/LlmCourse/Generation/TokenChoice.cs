using TorchSharp;

namespace LlmCourse.Generation;

/// <summary>The tokens chosen at one step, one a row. Owns its tensors.</summary>
/// <param name="Ids">[B] int64, on the device of the scores: what the model is fed next.</param>
/// <param name="HostIds">The same ids on the host: what text and stopping need.</param>
/// <param name="LogProbabilities">[B] float32, on the device: of each token under the distribution it was chosen from.</param>
internal sealed record TokenChoice(torch.Tensor Ids, long[] HostIds, torch.Tensor LogProbabilities) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Ids.Dispose();
        LogProbabilities.Dispose();
    }
}
