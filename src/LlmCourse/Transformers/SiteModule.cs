using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>A module while it runs, as an adapter sees it.</summary>
/// <param name="Site">Its name and sizes.</param>
/// <param name="Weight">Its weight: [output, input] of a linear map, [rows, width] of a table, [size] of a norm. A constant where the base is frozen.</param>
/// <param name="Bias">Its bias [output], or null.</param>
/// <param name="Context">What the forward pass was given.</param>
/// <param name="Run">What it computes of an input (ids of a table) with any weight and bias of its shapes: a fresh tensor.</param>
internal sealed record SiteModule(AdapterSite Site, Tensor Weight, Tensor? Bias, ForwardContext Context, Func<Tensor, Tensor, Tensor?, Tensor> Run)
{
    /// <summary>Its plain output: a fresh tensor.</summary>
    public Tensor Output(Tensor input) => Run(input, Weight, Bias);
}
