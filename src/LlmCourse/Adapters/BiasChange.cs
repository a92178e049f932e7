using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>A bias of the adapter's own instead of the base's.</summary>
internal sealed class BiasChange : SiteChange
{
    private readonly Parameter _bias;
    private readonly bool _targeted;

    /// <param name="bias">Where it starts: the base's, [output].</param>
    /// <param name="targeted">Whether a low-rank change acts on the same module: peft's files name the bias otherwise then.</param>
    public BiasChange(Tensor bias, bool targeted)
    {
        _bias = Owned(bias);
        _targeted = targeted;
    }

    public override IReadOnlyList<ChangeParameter> Parameters => [new(_targeted ? "base_layer.bias" : "bias", _bias, Decays: false)];

    public override bool StartsFromBase => true;

    public override Tensor Apply(SiteModule module, Tensor input, Tensor? output)
    {
        using var scope = NewDisposeScope();
        Tensor changed = output is null
            ? module.Run(input, module.Weight, _bias.to(module.Weight.dtype))
            : output.Plus(_bias.Minus(module.Bias!)).to(output.dtype);
        return changed.MoveToOuterDisposeScope();
    }

    public override (Tensor Weight, Tensor? Bias) Merge(Tensor weight, Tensor? bias) => (weight.clone(), _bias.detach().to(weight.dtype, copy: true));

    public override SiteChange Copy() => new BiasChange(_bias, _targeted);
}
