using LlmCourse.Runtime;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>A soft prompt with what is trained of it, in fp32 over a base of any type, or in fp64 over one of fp64. It owns its parameters.</summary>
internal abstract class SoftPrompt(int count) : ISoftPrompt, IDisposable
{
    private readonly List<NamedParameter> _parameters = [];
    private bool _disposed;

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

    /// <summary>The same with parameters of its own.</summary>
    public SoftPrompt Copy()
    {
        using var noGrad = no_grad();
        SoftPrompt copy = Again();
        foreach ((NamedParameter own, NamedParameter its) in _parameters.Zip(copy._parameters))
        {
            using Tensor target = its.Value.detach();
            target.copy_(own.Value);
        }

        return copy;
    }

    /// <summary>Refuses to be read once its adapter is removed.</summary>
    protected void RequireAlive() => ObjectDisposedException.ThrowIf(_disposed, typeof(Adapter));

    public void Dispose()
    {
        _disposed = true;
        foreach (NamedParameter parameter in _parameters)
            parameter.Value.Dispose();
    }

    /// <summary>How many rows peft stores for each virtual token: it counts both stacks of an encoder–decoder, though one reads them.</summary>
    public static int StoredRows(TransformerConfig config) => config is { Encoder: not null, Decoder: not null } ? 2 : 1;

    /// <summary>Another one of the same parts, whatever their numbers.</summary>
    protected abstract SoftPrompt Again();

    /// <summary>What <see cref="Finished"/> gives, with its graph.</summary>
    protected abstract Tensor Evaluate();

    protected Parameter Add(string name, Tensor value)
    {
        using Tensor plain = value.detach(), own = plain.to(value.dtype == ScalarType.Float64 ? value.dtype : ScalarType.Float32, copy: true);
        Parameter parameter = new(own);
        parameter.DetachFromDisposeScope();
        _parameters.Add(new NamedParameter(name, parameter, Decays: !name.Contains("bias", StringComparison.Ordinal)));
        return parameter;
    }

    /// <summary>The weight [output, input] and bias [output] of a linear layer, drawn as torch draws them.</summary>
    protected Dense AddDense(string name, long input, long output, Draws draws)
    {
        double bound = 1 / Math.Sqrt(input);
        return new Dense(Add(name + ".weight", draws.Uniform(bound, output, input)), Add(name + ".bias", draws.Uniform(bound, output)));
    }

    /// <summary>First values for a model, drawn on the host: the device changes nothing.</summary>
    protected sealed class Draws(long seed, TransformerModel model) : IDisposable
    {
        private readonly Generator _generator = new(unchecked((ulong)seed), CPU);

        /// <summary>Numbers of N(0, 1).</summary>
        public Tensor Normal(params long[] shape) => Place(randn(shape, ScalarType.Float32, CPU, generator: _generator));

        /// <summary>Numbers from −bound to bound.</summary>
        public Tensor Uniform(double bound, params long[] shape) =>
            Place(rand(shape, ScalarType.Float32, CPU, generator: _generator).TimesInPlace(2 * bound).PlusInPlace(-bound));

        /// <summary>Ids of the vocabulary.</summary>
        public Tensor Ids(long count)
        {
            using Tensor ids = randint(0, model.Config.VocabularySize, [count], ScalarType.Int64, CPU, generator: _generator);
            return ids.to(model.Device);
        }

        public void Dispose() => _generator.Dispose();

        private Tensor Place(Tensor values)
        {
            using (values)
                return values.to(Lora.TypeFor(model), model.Device, copy: true);
        }
    }

    /// <summary>A linear layer.</summary>
    protected sealed record Dense(Parameter Weight, Parameter Bias)
    {
        public Tensor Forward(Tensor x) => nn.functional.linear(x, Weight, Bias);
    }
}
