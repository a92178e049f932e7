using System.Text.Json;
using LlmCourse.Runtime;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Conformance;

/// <summary>
/// AdamW as a trajectory describes it (Loshchilov and Hutter 2019, algorithm 2), written out: neither the library's own, nor TorchSharp's,
/// which frees numbers that libtorch still reads when another thread collects garbage.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private readonly (Parameter Parameter, Tensor Mean, Tensor Square)[] _parameters;
    private readonly double _rate, _beta1, _beta2, _epsilon, _decay;
    private int _step;

    public AdamW(IEnumerable<Parameter> parameters, JsonElement trajectory)
    {
        _parameters = [.. parameters.Select(parameter => (parameter, zeros_like(parameter).detach().DetachFromDisposeScope(), zeros_like(parameter).detach().DetachFromDisposeScope()))];
        double Number(string name) => trajectory.GetProperty(name).GetDouble();
        (_rate, _epsilon, _decay) = (Number("lr"), Number("eps"), Number("weight_decay"));
        (_beta1, _beta2) = (trajectory.GetProperty("betas")[0].GetDouble(), trajectory.GetProperty("betas")[1].GetDouble());
    }

    /// <summary>One update by the gradients there are.</summary>
    public void Step()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        _step++;
        foreach ((Parameter parameter, Tensor mean, Tensor square) in _parameters)
        {
            Tensor gradient = parameter.grad!;
            mean.TimesInPlace(_beta1).add_(gradient.Times(1 - _beta1));
            square.TimesInPlace(_beta2).add_(gradient.mul(gradient).Times(1 - _beta2));
            Tensor size = square.sqrt().Over(Math.Sqrt(1 - Math.Pow(_beta2, _step))).PlusInPlace(_epsilon);
            parameter.TimesInPlace(1 - (_rate * _decay)).sub_(mean.div(size).Times(_rate / (1 - Math.Pow(_beta1, _step))));
        }
    }

    /// <summary>Drops the gradients.</summary>
    public void ZeroGrad()
    {
        foreach ((Parameter parameter, _, _) in _parameters)
            parameter.grad = null;
    }

    public void Dispose()
    {
        foreach ((_, Tensor mean, Tensor square) in _parameters)
        {
            mean.Dispose();
            square.Dispose();
        }
    }
}
