using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>
/// A low-rank change of one linear map (Hu et al. 2021): y += scale · B(A x). The product B A is never formed; A and B keep a
/// type of their own, fp32 over a base of any type. It owns them.
/// </summary>
internal sealed class LoraDelta : IDisposable
{
    /// <param name="down">A [r, input].</param>
    /// <param name="up">B [output, r].</param>
    /// <param name="scale">α / r, or α / √r.</param>
    public LoraDelta(Parameter down, Parameter up, double scale)
    {
        if (down.dim() != 2 || up.dim() != 2 || down.size(0) != up.size(1))
            throw new ArgumentException($"A [{string.Join(", ", down.shape)}] and B [{string.Join(", ", up.shape)}] must be [r, input] and [output, r].", nameof(up));
        Down = down;
        Up = up;
        Scale = scale;
    }

    /// <summary>A [r, input].</summary>
    public Parameter Down { get; }

    /// <summary>B [output, r].</summary>
    public Parameter Up { get; }

    public double Scale { get; }

    /// <summary>The output [.., output] of the map for an input [.., input], with the change.</summary>
    public Tensor AddTo(Tensor output, Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor narrow = nn.functional.linear(input.to(Down.dtype), Down); // [.., r]
        Tensor delta = nn.functional.linear(narrow, Up).Times(Scale);
        // The sum is made in the wider type and rounded once.
        return output.Plus(delta).to(output.dtype).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Down.Dispose();
        Up.Dispose();
    }
}
