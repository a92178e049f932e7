using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// Runs a block without keeping its activations; the backward pass computes them again from the block's input (Chen et al. 2016,
/// "Training deep nets with sublinear memory cost"), with the same dropout masks.
/// </summary>
internal sealed class RecomputedBlock : autograd.MultiTensorFunction<RecomputedBlock>
{
    /// <inheritdoc/>
    public override string Name => nameof(RecomputedBlock);

    /// <summary>x [B, T, D] → [B, T, D]: what <see cref="Block.Forward"/> gives.</summary>
    public static Tensor Run(Block block, Tensor x, Block.Pass pass)
    {
        using var scope = NewDisposeScope();
        ForwardContext context = pass.Context;
        // Everything the block reads that is gone once the stack is through must be an input, and what has a gradient of its own
        // as well, or the backward passes of the blocks would share its graph.
        Tensor?[] read = [x, pass.SelfMask.Bias, pass.MemoryStates, pass.Rotary?.Cos, pass.Rotary?.Sin, context.Dropout?.State(), pass.Front?.Keys, pass.Front?.Values];
        int[] slots = [.. Enumerable.Range(0, read.Length).Where(slot => read[slot] is not null)];
        Device device = x.device;
        Tensor Forward(Tensor[] inputs, bool again)
        {
            Tensor? At(int slot) => Array.IndexOf(slots, slot) is var i and >= 0 ? inputs[i] : null;
            using DropoutMasks? replayed = again && At(5) is { } state ? DropoutMasks.From(state, device) : null;
            using AttentionMask selfMask = pass.SelfMask.WithBias(At(1));
            using AttentionMask? crossMask = pass.CrossMask?.WithBias(null);
            return block.Forward(inputs[0], pass with
            {
                Context = replayed is null ? context : context with { Dropout = replayed },
                SelfMask = selfMask,
                CrossMask = crossMask,
                MemoryStates = At(2),
                Rotary = At(3) is { } cos ? new Rotary.Angles(cos, At(4)!) : null,
                Front = At(6) is { } keys ? (keys, At(7)!) : null,
                Attentions = again ? null : pass.Attentions,
                CrossAttentions = again ? null : pass.CrossAttentions,
            });
        }

        Func<Tensor[], bool, Tensor> forward = Forward;
        Tensor anchor = zeros([], device: device).requires_grad_(); // so that there is a graph even if x is a constant
        return apply([forward, anchor, .. read.OfType<Tensor>()])[0].MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor[] inputs = [.. vars.Skip(2).Cast<Tensor>()];
        Func<Tensor[], bool, Tensor> run = (Func<Tensor[], bool, Tensor>)vars[0];
        ctx.save_data(nameof(run), run);
        bool[] wanted = Array.ConvertAll(inputs, input => input.requires_grad);
        ctx.save_data(nameof(wanted), wanted);
        ctx.save_for_backward([.. inputs]);
        // With a graph, which dies at once: constants would be multiplied by other kernels, and the second time would differ from the first.
        using var scope = NewDisposeScope();
        using (enable_grad())
            return [run(Leaves(inputs, wanted), false).detach().MoveToOuterDisposeScope()];
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        using var scope = NewDisposeScope();
        Func<Tensor[], bool, Tensor> run = (Func<Tensor[], bool, Tensor>)ctx.get_data("run");
        bool[] wanted = (bool[])ctx.get_data("wanted");
        Tensor[] inputs = Leaves(ctx.get_saved_variables(), wanted);
        using (enable_grad())
            autograd.backward([run(inputs, true)], [grad_outputs[0]]);
        return BackwardResults.Return(grad_outputs, [null, null, .. inputs.Select((input, i) => wanted[i] ? input.grad : null)]);
    }

    private static Tensor[] Leaves(IReadOnlyList<Tensor> inputs, bool[] wanted) => [.. inputs.Select((input, i) => input.detach().requires_grad_(wanted[i]))];
}
