using static TorchSharp.torch;

namespace LlmCourse.Encoders;

/// <summary>A step behind the pooling of a sentence encoder.</summary>
internal interface ISentenceModule : IDisposable
{
    /// <summary>The number of its output's columns, given its input's.</summary>
    public int Width(int input);

    /// <summary>[B, input] → [B, output], fresh.</summary>
    public Tensor Forward(Tensor x);
}
