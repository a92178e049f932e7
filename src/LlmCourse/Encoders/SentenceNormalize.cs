using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Encoders;

/// <summary>sentence-transformers' Normalize: an embedding over its length.</summary>
internal sealed class SentenceNormalize : ISentenceModule
{
    public int Width(int input) => input;

    public Tensor Forward(Tensor x) => nn.functional.normalize(x, 2, -1, 1e-12);

    public void Dispose()
    {
    }
}
