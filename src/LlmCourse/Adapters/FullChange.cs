using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>A module trained in full: a weight and bias of the adapter's own instead of the base's.</summary>
internal sealed class FullChange : SiteChange
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;
    private readonly bool _norm;

    /// <param name="weight">Where the weight starts.</param>
    /// <param name="bias">Where the bias starts, or null where there is none.</param>
    /// <param name="norm">Whether the module is a norm, whose weight does not decay.</param>
    public FullChange(Tensor weight, Tensor? bias, bool norm)
    {
        _weight = Owned(weight);
        _bias = bias is null ? null : Owned(bias);
        _norm = norm;
    }

    public override IReadOnlyList<ChangeParameter> Parameters =>
        [new("weight", _weight, Decays: !_norm), .. _bias is null ? [] : new[] { new ChangeParameter("bias", _bias, Decays: false) }];

    public override bool StartsFromBase => true;

    public override Tensor Apply(SiteModule module, Tensor input, Tensor? output)
    {
        using var scope = NewDisposeScope();
        ScalarType type = module.Weight.dtype;
        return module.Run(input, _weight.dtype == type ? _weight : _weight.to(type), _bias?.to(type)).MoveToOuterDisposeScope();
    }

    public override (Tensor Weight, Tensor? Bias) Merge(Tensor weight, Tensor? bias) =>
        (_weight.detach().to(weight.dtype, copy: true), _bias?.detach().to(weight.dtype, copy: true));

    public override SiteChange Copy() => new FullChange(_weight, _bias, _norm);
}
