using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Runtime;

/// <summary>Rows of a table, whose gradient goes to those rows alone: see <see cref="GradientSink"/>.</summary>
internal sealed class TokenLookup : autograd.SingleTensorFunction<TokenLookup>
{
    /// <inheritdoc/>
    public override string Name => nameof(TokenLookup);

    /// <summary>ids int64 [n] → [n, D].</summary>
    public static Tensor Rows(Parameter table, Tensor ids) => apply(table, ids);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Parameter table = (Parameter)vars[0];
        Tensor ids = (Tensor)vars[1];
        ctx.save_data(nameof(table), new StrongBox<Parameter>(table)); // not a bare tensor, which belongs among the saved variables
        ctx.save_for_backward([ids]);
        return table.index_select(0, ids);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        GradientSink.AddRows(((StrongBox<Parameter>)ctx.get_data("table")).Value!, ctx.get_saved_variables()[0], grad_output);
        return BackwardResults.Return([grad_output], null, null);
    }
}
