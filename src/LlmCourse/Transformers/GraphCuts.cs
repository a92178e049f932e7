using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Transformers;

/// <summary>
/// Cuts the graph of one forward pass into segments, whose backward passes run one after the other, the last first. What a
/// segment has saved dies with it (what custom functions have saved would otherwise live as long as the loss), and the gradients of
/// a block are complete as soon as its segment is through.
/// </summary>
internal sealed class GraphCuts : IDisposable
{
    private readonly List<(Tensor Result, Tensor Leaf, Block? Block)> _cuts = [];

    /// <summary>
    /// The same numbers as <paramref name="x"/>, where the graph of the next segment begins. Everything that reads x must read this
    /// instead, and what shares a graph must have none of it in common: what several blocks read is cut as well.
    /// </summary>
    /// <param name="x">It stays the caller's.</param>
    /// <param name="block">The block whose parameters no segment before this cut reads, if that is so for one.</param>
    public Tensor Cut(Tensor x, Block? block = null)
    {
        if (!x.requires_grad)
            return x.alias();
        Tensor leaf = x.detach().requires_grad_().DetachFromDisposeScope();
        _cuts.Add((x.alias().DetachFromDisposeScope(), leaf, block));
        return leaf.alias();
    }

    /// <summary>Fills the gradients of all parameters, once.</summary>
    /// <param name="loss">The scalar at the end of the last segment.</param>
    /// <param name="complete">Hears of the parameters of each block when their gradients are complete; null for nobody.</param>
    public void Backward(Tensor loss, Action<IReadOnlyList<Parameter>>? complete)
    {
        loss.backward();
        while (_cuts.Count > 0)
        {
            (Tensor result, Tensor leaf, Block? block) = _cuts[^1];
            _cuts.RemoveAt(_cuts.Count - 1);
            using (NewDisposeScope())
            using (result)
            using (leaf)
            {
                if (leaf.grad is { } gradient)
                    autograd.backward([result], [gradient]);
            }

            if (block is not null)
                complete?.Invoke(block.Parameters);
        }
    }

    public void Dispose()
    {
        foreach ((Tensor result, Tensor leaf, _) in _cuts)
        {
            result.Dispose();
            leaf.Dispose();
        }

        _cuts.Clear();
    }
}
