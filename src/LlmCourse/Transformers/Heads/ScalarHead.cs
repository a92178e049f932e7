using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>Hidden states → one number at every position: a value function, or a reward for each token.</summary>
internal sealed class ScalarHead(ParameterStore store, long width, string path = "head.value")
{
    private readonly Linear _output = new(store, width, bias: true, (path, 1));

    public IEnumerable<AdapterSite> Sites => _output.Sites;

    /// <summary>[B, T, D] → [B, T].</summary>
    public Tensor Values(Hidden hidden, ForwardContext context)
    {
        using Tensor column = _output.Forward(hidden.States, context);
        return column.squeeze(-1);
    }
}
