using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>
/// DoRA (Liu et al. 2024, eq. 5): W' = m (W + s B A) / ‖W + s B A‖, the norm of each output row, which is a constant to the
/// gradient (their section 4.3). m is trained beside A and B.
/// </summary>
internal sealed class MagnitudeChange : SiteChange
{
    private readonly Parameter _down;
    private readonly Parameter _up;
    private readonly Parameter _magnitude;
    private readonly double _scale;
    private readonly double _dropout;

    /// <param name="down">A [r, input].</param>
    /// <param name="up">B [output, r].</param>
    /// <param name="magnitude">m [output].</param>
    /// <param name="scale">s: α / r, or α / √r.</param>
    /// <param name="dropout">The share of the input that is dropped while training.</param>
    public MagnitudeChange(Tensor down, Tensor up, Tensor magnitude, double scale, double dropout)
    {
        _down = Owned(down);
        _up = Owned(up);
        _magnitude = Owned(magnitude);
        _scale = scale;
        _dropout = dropout;
    }

    public override IReadOnlyList<ChangeParameter> Parameters =>
        [new("lora_A.weight", _down), new("lora_B.weight", _up), new("lora_magnitude_vector", _magnitude)];

    /// <summary>‖W‖ of each output row of [output, input], where m starts: [output].</summary>
    public static Tensor Norms(Tensor weight)
    {
        using Tensor squares = weight.mul(weight), sums = squares.sum([1]);
        return sums.sqrt();
    }

    public override bool StartsFromBase => true;

    public override Tensor Apply(SiteModule module, Tensor input, Tensor? output)
    {
        using var scope = NewDisposeScope();
        ScalarType type = _down.dtype;
        Tensor plain = output ?? module.Output(input), read = module.Context.Drop(input, _dropout);
        // With dropout, the base's share of the direction reads the dropped input as well.
        Tensor product = module.Context.Dropout is not null && _dropout > 0 ? module.Run(read, module.Weight, null)
            : module.Bias is null ? plain : plain.Minus(module.Bias);
        Tensor low = Kernels.Linear(Kernels.Linear(read.to(type), _down, null), _up, null).Times(_scale);
        Tensor ratio = _magnitude.div(Norms(Direction(module.Weight.detach().to(type)))); // [output]
        Tensor delta = ratio.Plus(-1).mul(product.to(type)).Plus(ratio.mul(low));
        return plain.Plus(delta).to(plain.dtype).MoveToOuterDisposeScope();
    }

    public override (Tensor Weight, Tensor? Bias) Merge(Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor direction = Direction(weight);
        Tensor merged = direction.mul(_magnitude.detach().to(weight.dtype).div(Norms(direction)).unsqueeze(1));
        return (merged.MoveToOuterDisposeScope(), bias?.clone().MoveToOuterDisposeScope());
    }

    public override SiteChange Copy() => new MagnitudeChange(_down, _up, _magnitude, _scale, _dropout);

    // W + s B A, [output, input], without gradient
    private Tensor Direction(Tensor weight) => weight.Plus(_up.detach().to(weight.dtype).mm(_down.detach().to(weight.dtype)).Times(_scale));
}
