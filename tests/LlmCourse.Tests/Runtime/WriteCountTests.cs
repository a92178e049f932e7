using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Runtime;

/// <summary>What counts as a write to a tensor, and what has to be said to be one.</summary>
public sealed class WriteCountTests
{
    private const string FusedStep = """
        def step(p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor]):
          torch._fused_adamw_(p, g, m, v, [], steps, lr=0.1, beta1=0.9, beta2=0.999, weight_decay=0.01, eps=1e-8, amsgrad=False, maximize=False)

        """;

    public static TheoryData<string> Optimizers => ["AdamW", "Adam", "SGD", "RMSProp", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop"];

    [SkippableFact]
    public void Views_share_it_and_both_ways_of_reading_agree()
    {
        using Tensor whole = zeros(4, 2, device: TestDevice.Device), part = whole.narrow(0, 1, 2), copy = part.clone();
        long[] before = [.. new[] { whole, part, copy }.Select(WriteCount.Of)];
        part.add_(1);
        Assert.Equal([before[0] + 1, before[0] + 1, before[2]], new[] { whole, part, copy }.Select(WriteCount.Of));
        Assert.Equal([before[0] + 1, before[0] + 1, before[2]], new[] { whole, part, copy }.Select(Script.Version));
    }

    [SkippableTheory]
    [MemberData(nameof(Optimizers))]
    public void A_step_of_a_stock_optimizer_is_a_write(string name)
    {
        using var scope = NewDisposeScope();
        Tensor whole = ones(4, 2, device: TestDevice.Device);
        Parameter part = new(whole.narrow(0, 1, 2).detach());
        using optim.Optimizer optimizer = name switch
        {
            "AdamW" => optim.AdamW([part]),
            "Adam" => optim.Adam([part]),
            "SGD" => optim.SGD([part], 0.1),
            "RMSProp" => optim.RMSProp([part]),
            "Adagrad" => optim.Adagrad([part]),
            "Adadelta" => optim.Adadelta([part]),
            "Adamax" => optim.Adamax([part]),
            "NAdam" => optim.NAdam([part]),
            "RAdam" => optim.RAdam([part]),
            "ASGD" => optim.ASGD([part]),
            _ => optim.Rprop([part]),
        };
        part.mul(part).sum().backward();
        long before = WriteCount.Of(whole);
        optimizer.step();
        Assert.True(WriteCount.Of(whole) > before);
    }

    /// <summary>Whoever calls this operator raises the count himself; where a later libtorch does it, nobody need.</summary>
    [SkippableFact]
    public void A_step_of_the_fused_operator_is_none_until_it_is_said()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor whole = ones(4, 2, device: TestDevice.Device), part = whole.narrow(0, 1, 2), gradient = ones_like(part);
        long before = WriteCount.Of(whole);
        using jit.CompilationUnit unit = jit.compile(FusedStep);
        unit.invoke("step", new[] { part }, new[] { gradient }, new[] { zeros_like(part) }, new[] { zeros_like(part) }, new[] { ones([], device: TestDevice.Device) });
        Tensor written = whole.clone();
        Assert.True(whole[1, 0].Number() < 0.95); // by the learning rate, 0.1
        Assert.Equal(before, WriteCount.Of(whole));

        WriteCount.Raise(part);
        Assert.Equal(before + 1, WriteCount.Of(whole));
        TensorAssert.Same(written, whole);
    }

    [SkippableFact]
    public void Raising_changes_nothing_else_whatever_the_layout()
    {
        using var scope = NewDisposeScope();
        Tensor table = arange(6, ScalarType.Float32, device: TestDevice.Device).view(2, 3);
        foreach (Tensor tensor in (Tensor[])[table, table.t(), table[0, 0], table.narrow(1, 1, 1), table.narrow(0, 0, 0), new Parameter(table.clone())])
        {
            Tensor values = tensor.detach().clone();
            long before = WriteCount.Of(tensor);
            WriteCount.Raise(tensor);
            Assert.Equal(before + 1, WriteCount.Of(tensor));
            TensorAssert.Same(values, tensor.detach());
        }
    }
}
