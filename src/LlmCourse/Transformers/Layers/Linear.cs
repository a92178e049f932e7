using LlmCourse.Runtime;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// y = x Wᵀ + b for one or more named parts that read the same input and share one storage. Each part is a site where an
/// adapter may add to the output.
/// </summary>
internal sealed class Linear
{
    private readonly Weights _weight;
    private readonly Weights? _bias;

    /// <summary>A layer with parameters of its own: <c>path.part.weight</c> [rows, input] and <c>path.part.bias</c> [rows].</summary>
    public Linear(ParameterStore store, long input, bool bias, params (string Path, long Rows)[] parts)
    {
        long[] rows = [.. parts.Select(part => part.Rows)];
        Sites = [.. parts.Select(part => new AdapterSite(part.Path, input, part.Rows))];
        _weight = store.Add([.. parts.Select(part => part.Path + ".weight")], rows, [input]);
        _bias = bias ? store.Add([.. parts.Select(part => part.Path + ".bias")], rows, []) : null;
    }

    /// <summary>A layer that multiplies by somebody else's matrix (a tied output).</summary>
    public Linear(string path, Weights weight, Weights? bias)
    {
        Sites = [new AdapterSite(path, weight.Whole.size(1), weight.Whole.size(0))];
        _weight = weight;
        _bias = bias;
    }

    /// <summary>The parts, as adapters address them.</summary>
    public IReadOnlyList<AdapterSite> Sites { get; }

    /// <summary>The matrix of a layer of one part: the parameter, or the constant that it is in this context.</summary>
    public Tensor Weight(ForwardContext context) => UsesParts(context) ? _weight.Parts[0] : _weight.Whole;

    /// <summary>Its bias, likewise, or null.</summary>
    public Tensor? Bias(ForwardContext context) => UsesParts(context) ? _bias?.Parts[0] : _bias?.Whole;

    /// <summary>x [.., input] → [.., rows], for a layer of one part.</summary>
    public Tensor Forward(Tensor x, ForwardContext context) => ForwardParts(x, context)[0];

    /// <summary>x [.., input] → one [.., rows] for each part.</summary>
    public Tensor[] ForwardParts(Tensor x, ForwardContext context)
    {
        Tensor[] outputs = UsesParts(context) ? Parts(x) : Whole(x);
        if (context.Adapter is { } adapter)
        {
            for (int i = 0; i < outputs.Length; i++)
                outputs[i] = adapter.Apply(Sites[i], x, outputs[i]);
        }

        return outputs;
    }

    private bool UsesParts(ForwardContext context) =>
        !context.UsesConstants && (_weight.Trainable || _bias is { Trainable: true });

    private Tensor[] Parts(Tensor x)
    {
        Tensor[] outputs = new Tensor[Sites.Count];
        for (int i = 0; i < outputs.Length; i++)
            outputs[i] = nn.functional.linear(x, _weight.Parts[i], _bias?.Parts[i]);
        return outputs;
    }

    private Tensor[] Whole(Tensor x)
    {
        Tensor all = Kernels.Linear(x, _weight.Whole, _bias?.Whole);
        if (Sites.Count == 1)
            return [all];
        using (all)
        {
            Tensor[] outputs = new Tensor[Sites.Count];
            long column = 0;
            for (int i = 0; i < outputs.Length; i++)
            {
                outputs[i] = all.narrow(-1, column, _weight.Rows[i]); // a view: it keeps the storage of the product alive
                column += _weight.Rows[i];
            }

            return outputs;
        }
    }
}
