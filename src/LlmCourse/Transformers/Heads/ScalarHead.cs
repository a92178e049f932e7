using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>Hidden states → one number at every position: a value function, or a reward for each token.</summary>
internal sealed class ScalarHead(ParameterStore store, long width, string path = "head.value", HeadTransform? transform = null)
{
    private readonly Linear _output = new(store, width, bias: true, (path, 1));

    public IEnumerable<AdapterSite> Sites => [.. transform?.Sites ?? [], .. _output.Sites];

    /// <summary>[B, T, D] → [B, T].</summary>
    public Tensor Values(Hidden hidden, ForwardContext context)
    {
        using Tensor? transformed = transform?.Forward(hidden.States, context);
        using Tensor column = _output.Forward(transformed ?? hidden.States, context);
        return column.squeeze(-1);
    }
}
