using LlmCourse.Runtime;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>A soft prompt with what is trained of it, in fp32 over a base of any type. It owns its parameters.</summary>
internal abstract class SoftPrompt(int count) : ISoftPrompt, IDisposable
{
    private readonly List<NamedParameter> _parameters = [];

    public int Count { get; } = count;

    /// <summary>What is trained, named as peft names the parts of its prompt encoders.</summary>
    public IReadOnlyList<NamedParameter> Parameters => _parameters;

    /// <summary>What peft's files hold, <c>prompt_embeddings</c>: a fresh constant.</summary>
    public Tensor Finished()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return Evaluate().clone().MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (NamedParameter parameter in _parameters)
            parameter.Value.Dispose();
    }

    /// <summary>How many rows peft stores for each virtual token: it counts both stacks of an encoder–decoder, though one reads them.</summary>
    protected static int StoredRows(TransformerConfig config) => config is { Encoder: not null, Decoder: not null } ? 2 : 1;

    /// <summary>What <see cref="Finished"/> gives, with its graph.</summary>
    protected abstract Tensor Evaluate();

    protected Parameter Add(string name, Tensor value)
    {
        Parameter parameter = new(value.to(ScalarType.Float32, copy: true));
        parameter.DetachFromDisposeScope();
        _parameters.Add(new NamedParameter(name, parameter, Decays: !name.Contains("bias", StringComparison.Ordinal)));
        return parameter;
    }

    /// <summary>Numbers of N(0, 1), drawn on the host: the device changes nothing.</summary>
    protected static Tensor Normal(Generator generator, Device device, params long[] shape)
    {
        using Tensor values = randn(shape, ScalarType.Float32, CPU, generator: generator);
        return values.to(device);
    }

    /// <summary>Numbers from −bound to bound.</summary>
    protected static Tensor Uniform(Generator generator, Device device, double bound, params long[] shape)
    {
        using Tensor values = rand(shape, ScalarType.Float32, CPU, generator: generator).TimesInPlace(2 * bound).PlusInPlace(-bound);
        return values.to(device);
    }

    /// <summary>The weight [output, input] and bias [output] of a linear layer, drawn as torch draws them.</summary>
    protected Dense AddDense(string name, long input, long output, Generator generator, Device device)
    {
        double bound = 1 / Math.Sqrt(input);
        return new Dense(
            Add(name + ".weight", Uniform(generator, device, bound, output, input)),
            Add(name + ".bias", Uniform(generator, device, bound, output)));
    }

    /// <summary>A linear layer.</summary>
    protected sealed record Dense(Parameter Weight, Parameter Bias)
    {
        public Tensor Forward(Tensor x) => nn.functional.linear(x, Weight, Bias);
    }
}
