using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>
/// AdaLoRA (Zhang et al. 2023, eq. 3): y = W x + s B diag(E) A x, where training has set the less useful of E to 0.
/// </summary>
internal sealed class SingularChange : SiteChange
{
    private readonly Parameter _down;
    private readonly Parameter _values;
    private readonly Parameter _up;
    private readonly double _scale;

    /// <param name="down">A [r, input].</param>
    /// <param name="values">E [r, 1].</param>
    /// <param name="up">B [output, r].</param>
    /// <param name="scale">s, in peft α / (r + 1e-5).</param>
    public SingularChange(Tensor down, Tensor values, Tensor up, double scale)
    {
        _down = Owned(down);
        _values = Owned(values);
        _up = Owned(up);
        _scale = scale;
    }

    public override IReadOnlyList<ChangeParameter> Parameters => [new("lora_A", _down), new("lora_B", _up), new("lora_E", _values)];

    public override bool Adds => true;

    public override Tensor Apply(SiteModule module, Tensor input, Tensor? output)
    {
        using var scope = NewDisposeScope();
        return Kernels.AddLowRank(output ?? module.Output(input), input, _down.mul(_values), _up, _scale).MoveToOuterDisposeScope();
    }

    public override (Tensor Weight, Tensor? Bias) Merge(Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor delta = _up.detach().to(weight.dtype).mm(_down.detach().mul(_values.detach()).to(weight.dtype));
        return (weight.Plus(delta.Times(_scale)).MoveToOuterDisposeScope(), bias?.clone().MoveToOuterDisposeScope());
    }

    public override SiteChange Copy() => new SingularChange(_down, _values, _up, _scale);
}
