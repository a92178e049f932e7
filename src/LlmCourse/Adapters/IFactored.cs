using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>A change that is a product of two factors.</summary>
internal interface IFactored
{
    /// <summary>A [r, input], B [output, r] and s: the change of the weight is s B A (its transpose for a table).</summary>
    public (Tensor Down, Tensor Up, double Scale) Factors();
}
