using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>
/// AdaLoRA (Zhang et al. 2023, eq. 3): y = W x + s B diag(E) A x, where training sets the less useful of E to 0.
/// </summary>
internal sealed class SingularChange : SiteChange
{
    private readonly double _scale;
    private readonly double _dropout;

    /// <param name="down">A [r, input].</param>
    /// <param name="values">E [r, 1].</param>
    /// <param name="up">B [output, r].</param>
    /// <param name="scale">s, in peft α / (r + 1e-5).</param>
    /// <param name="dropout">The share of the input that is dropped in front of A while training.</param>
    public SingularChange(Tensor down, Tensor values, Tensor up, double scale, double dropout)
    {
        Down = Owned(down);
        Values = Owned(values);
        Up = Owned(up);
        _scale = scale;
        _dropout = dropout;
    }

    /// <summary>A [r, input].</summary>
    public Parameter Down { get; }

    /// <summary>E [r, 1].</summary>
    public Parameter Values { get; }

    /// <summary>B [output, r].</summary>
    public Parameter Up { get; }

    /// <summary>r; a file may have cut it to 0, and the change is none then.</summary>
    public int Rank => (int)Values.size(0);

    public override IReadOnlyList<ChangeParameter> Parameters => [new("lora_A", Down), new("lora_B", Up), new("lora_E", Values)];

    public override bool Adds => true;

    public override Tensor Apply(SiteModule module, Tensor input, Tensor? output)
    {
        using var scope = NewDisposeScope();
        if (Rank == 0)
            return (output?.alias() ?? module.Output(input)).MoveToOuterDisposeScope();
        return Kernels.AddLowRank(output ?? module.Output(input), module.Context.Drop(input, _dropout), Down.mul(Values), Up, _scale).MoveToOuterDisposeScope();
    }

    public override (Tensor Weight, Tensor? Bias) Merge(Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor delta = Up.detach().to(weight.dtype).mm(Down.detach().mul(Values.detach()).to(weight.dtype));
        return (weight.Plus(delta.Times(_scale)).MoveToOuterDisposeScope(), bias?.clone().MoveToOuterDisposeScope());
    }

    public override SiteChange Copy() => new SingularChange(Down, Values, Up, _scale, _dropout);
}
