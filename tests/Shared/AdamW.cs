using LlmCourse.Runtime;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019, algorithm 2) written out, for loops that are to depend neither on the library's own optimizer nor on
/// TorchSharp's, which frees numbers that libtorch still reads when another thread collects garbage.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private readonly (Parameter Parameter, Tensor Mean, Tensor Square)[] _parameters;
    private readonly double _beta1, _beta2, _epsilon, _decay;
    private int _step;

    public AdamW(IEnumerable<Parameter> parameters, double rate, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double decay = 0.01)
    {
        _parameters = [.. parameters.Select(parameter => (parameter, Zeros(parameter), Zeros(parameter)))];
        (Rate, _beta1, _beta2, _epsilon, _decay) = (rate, beta1, beta2, epsilon, decay);

        static Tensor Zeros(Parameter parameter)
        {
            using Tensor zeros = zeros_like(parameter);
            return zeros.detach().DetachFromDisposeScope();
        }
    }

    /// <summary>The learning rate of the next step.</summary>
    public double Rate { get; set; }

    /// <summary>One update of the parameters that have a gradient.</summary>
    public void Step()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        _step++;
        foreach ((Parameter parameter, Tensor mean, Tensor square) in _parameters)
        {
            if (parameter.grad is not { } gradient)
                continue;
            mean.TimesInPlace(_beta1).PlusInPlace(gradient.Times(1 - _beta1));
            square.TimesInPlace(_beta2).PlusInPlace(gradient.mul(gradient).Times(1 - _beta2));
            Tensor size = square.sqrt().Over(Math.Sqrt(1 - Math.Pow(_beta2, _step))).PlusInPlace(_epsilon);
            parameter.TimesInPlace(1 - (Rate * _decay)).MinusInPlace(mean.div(size).Times(Rate / (1 - Math.Pow(_beta1, _step))));
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
