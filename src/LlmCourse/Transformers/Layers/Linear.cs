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
        Sites = [.. parts.Select(part => new AdapterSite(part.Path, SiteKind.Linear, input, part.Rows))];
        _weight = store.Add([.. parts.Select(part => part.Path + ".weight")], rows, [input]);
        _bias = bias ? store.Add([.. parts.Select(part => part.Path + ".bias")], rows, []) : null;
    }

    /// <summary>A layer that multiplies by somebody else's matrix (a tied output).</summary>
    public Linear(string path, Weights weight, Weights? bias)
    {
        Sites = [new AdapterSite(path, SiteKind.Linear, weight.Whole.size(1), weight.Whole.size(0))];
        _weight = weight;
        _bias = bias;
    }

    /// <summary>The same with another matrix.</summary>
    public Linear WithWeight(Weights weight) => new(Sites[0].Name, weight, _bias);

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
        if (context.Adapter is not { } adapter || !Sites.Any(adapter.ActsOn))
            return Plain(x, context);
        // Without a gradient all parts are one product, so that rows without adapter keep the bits they have without it. With
        // one, an adapter may join its own products with a part's.
        Tensor[]? outputs = is_grad_enabled() ? null : Plain(x, context);
        return [.. Sites.Select((site, part) =>
        {
            SiteModule module = new(site, PartOf(_weight, part, context), _bias is null ? null : PartOf(_bias, part, context), context, Kernels.Linear);
            return adapter.ActsOn(site) ? adapter.Apply(module, x, outputs?[part]) : outputs?[part] ?? module.Output(x);
        })];
    }

    private bool UsesParts(ForwardContext context) =>
        !context.UsesConstants && (_weight.Trainable || _bias is { Trainable: true });

    // Slices of one product would each get a gradient as wide as the whole.
    private Tensor[] Plain(Tensor x, ForwardContext context) => Sites.Count > 1 && is_grad_enabled() && (x.requires_grad || !context.UsesConstants)
        ? [.. Sites.Select((_, part) => Kernels.Linear(x, PartOf(_weight, part, context), _bias is null ? null : PartOf(_bias, part, context)))]
        : Whole(x, context);

    // The parameter, or the constant that it is in this context.
    private static Tensor PartOf(Weights weights, int part, ForwardContext context) =>
        !context.UsesConstants ? weights.Parts[part]
        : weights.Parts.Count == 1 ? weights.Whole
        : weights.Whole.narrow(0, weights.Rows.Take(part).Sum(), weights.Rows[part]);

    private Tensor[] Whole(Tensor x, ForwardContext context)
    {
        if (Sites.Count == 1)
            return [Kernels.Linear(x, Weight(context), Bias(context))];
        using Tensor all = Kernels.Linear(x, _weight.Whole, _bias?.Whole);
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
