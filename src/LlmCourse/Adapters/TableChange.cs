using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>LoRA on a table of embeddings: row i becomes E[i] + s B A[:, i]. An output matrix tied to the table does not change.</summary>
internal sealed class TableChange : SiteChange, IFactored
{
    private readonly Parameter _down;
    private readonly Parameter _up;
    private readonly double _scale;

    /// <param name="down">A [r, rows].</param>
    /// <param name="up">B [width, r].</param>
    /// <param name="scale">s: α / r, or α / √r.</param>
    public TableChange(Tensor down, Tensor up, double scale)
    {
        _down = Owned(down);
        _up = Owned(up);
        _scale = scale;
    }

    public override IReadOnlyList<ChangeParameter> Parameters => [new("lora_embedding_A", _down), new("lora_embedding_B", _up)];

    public override bool Adds => true;

    public override bool StartsFromBase => true;

    /// <inheritdoc/>
    public (Tensor Down, Tensor Up, double Scale) Factors() => (_down.detach(), _up.detach(), _scale);

    public override Tensor Apply(SiteModule module, Tensor input, Tensor? output)
    {
        using var scope = NewDisposeScope();
        Tensor plain = output ?? module.Output(input); // ids [B, T] → [B, T, D]
        Tensor narrow = _down.t().index_select(0, input.reshape(-1)); // [B·T, r]
        Tensor delta = nn.functional.linear(narrow, _up).Times(_scale).view(plain.shape);
        return plain.Plus(delta).to(plain.dtype).MoveToOuterDisposeScope();
    }

    public override (Tensor Weight, Tensor? Bias) Merge(Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor delta = _up.detach().to(weight.dtype).mm(_down.detach().to(weight.dtype)).t(); // [rows, width]
        return (weight.Plus(delta.Times(_scale)).MoveToOuterDisposeScope(), null);
    }

    public override SiteChange Copy() => new TableChange(_down, _up, _scale);
}
