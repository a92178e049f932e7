using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>(IA)³ (Liu et al. 2022, section 3.3): a module's output, or its input in a feed-forward, times a learned vector.</summary>
internal sealed class ScaleChange : SiteChange
{
    private readonly Parameter _vector;

    /// <param name="vector">l: [output, 1] for the output, [1, input] for the input, the shapes of peft's files.</param>
    /// <param name="ofInput">Whether the input is scaled.</param>
    public ScaleChange(Tensor vector, bool ofInput)
    {
        _vector = Owned(vector);
        OfInput = ofInput;
    }

    /// <summary>Whether the input is scaled, not the output.</summary>
    public bool OfInput { get; }

    public override IReadOnlyList<ChangeParameter> Parameters => [new("ia3_l", _vector)];

    public override Tensor Apply(SiteModule module, Tensor input, Tensor? output)
    {
        using var scope = NewDisposeScope();
        Tensor vector = _vector.view(-1);
        Tensor changed = OfInput
            ? module.Output(input.mul(vector).to(input.dtype))
            : (output ?? module.Output(input)).mul(vector).to(module.Weight.dtype);
        return changed.MoveToOuterDisposeScope();
    }

    public override (Tensor Weight, Tensor? Bias) Merge(Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor vector = _vector.detach().to(weight.dtype); // [output, 1] scales rows, [1, input] columns
        Tensor? mergedBias = bias is null ? null : OfInput ? bias.clone() : bias.mul(vector.view(-1));
        return (weight.mul(vector).MoveToOuterDisposeScope(), mergedBias?.MoveToOuterDisposeScope());
    }

    public override SiteChange Copy() => new ScaleChange(_vector, OfInput);
}
