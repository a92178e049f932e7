using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>
/// LoRA (Hu et al. 2021): y = W x + s B(A x). The product B A is never formed; A and B keep a type of their own, fp32 over a base
/// of any type. Where training starts from factors A₀ and B₀ of the weight (PiSSA, OLoRA), the change is s (B A − B₀ A₀): so the
/// base itself stays as it is, and the change starts at 0.
/// </summary>
internal sealed class LowRankChange : SiteChange, IFactored
{
    private readonly Parameter? _upBias;
    private readonly (Tensor Down, Tensor Up)? _start;
    private readonly double _dropout;

    /// <param name="down">A [r, input].</param>
    /// <param name="up">B [output, r].</param>
    /// <param name="scale">s: α / r, or α / √r.</param>
    /// <param name="dropout">The share of the input that is dropped in front of A while training.</param>
    /// <param name="upBias">A bias of B [output], or null.</param>
    /// <param name="start">A₀ and B₀, or null.</param>
    public LowRankChange(Tensor down, Tensor up, double scale, double dropout = 0, Tensor? upBias = null, (Tensor Down, Tensor Up)? start = null)
    {
        if (down.dim() != 2 || up.dim() != 2 || down.size(0) != up.size(1))
            throw new ArgumentException($"A [{string.Join(", ", down.shape)}] and B [{string.Join(", ", up.shape)}] must be [r, input] and [output, r].", nameof(up));
        Down = Owned(down);
        Up = Owned(up);
        Scale = scale;
        _dropout = dropout;
        _upBias = upBias is null ? null : Owned(upBias);
        if (start is { } factors)
            _start = (Kept(factors.Down), Kept(factors.Up));
    }

    /// <summary>A [r, input].</summary>
    public Parameter Down { get; }

    /// <summary>B [output, r].</summary>
    public Parameter Up { get; }

    public double Scale { get; }

    public override IReadOnlyList<ChangeParameter> Parameters =>
        [new("lora_A.weight", Down), new("lora_B.weight", Up), .. _upBias is null ? [] : new[] { new ChangeParameter("lora_B.bias", _upBias, Decays: false) }];

    public override bool Adds => true;

    /// <summary>Whether the change is counted from a part of the weight.</summary>
    public override bool StartsFromBase => _start is not null;

    /// <summary>A bias of B, or null.</summary>
    public Parameter? UpBias => _upBias;

    /// <inheritdoc/>
    public (Tensor Down, Tensor Up, double Scale) Factors() => _start is { } start
        ? (cat([Down.detach(), start.Down], 0), cat([Up.detach(), start.Up.neg()], 1), Scale)
        : (Down.detach(), Up.detach(), Scale);

    public override Tensor Apply(SiteModule module, Tensor input, Tensor? output)
    {
        using var scope = NewDisposeScope();
        bool drops = module.Context.Dropout is not null && _dropout > 0;
        Tensor read = module.Context.Drop(input, _dropout);
        Tensor changed = output is null && !drops
            ? Kernels.LowRankLinear(input, module.Weight, module.Bias, Down, Up, Scale)
            : Kernels.AddLowRank(output ?? module.Output(input), read, Down, Up, Scale);
        if (_upBias is not null)
            changed = changed.Plus(_upBias.Times(Scale)).to(changed.dtype);
        if (_start is { } start)
            changed = Kernels.AddLowRank(changed, read, start.Down, start.Up, -Scale);
        return changed.MoveToOuterDisposeScope();
    }

    public override (Tensor Weight, Tensor? Bias) Merge(Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        if (_upBias is not null && bias is null)
            throw new InvalidOperationException("The adapter's B has a bias, and the module none to merge it into.");
        (Tensor down, Tensor up, double scale) = Factors();
        Tensor merged = weight.Plus(up.to(weight.dtype).mm(down.to(weight.dtype)).Times(scale));
        Tensor? mergedBias = bias is null ? null : _upBias is null ? bias.clone() : bias.Plus(_upBias.detach().Times(Scale));
        return (merged.MoveToOuterDisposeScope(), mergedBias?.MoveToOuterDisposeScope());
    }

    public override SiteChange Copy() => new LowRankChange(Down, Up, Scale, _dropout, _upBias, _start);

    private static Tensor Kept(Tensor value)
    {
        using Tensor rows = value.contiguous();
        return rows.clone().DetachFromDisposeScope();
    }

    public override void Dispose()
    {
        base.Dispose();
        _start?.Down.Dispose();
        _start?.Up.Dispose();
    }
}
