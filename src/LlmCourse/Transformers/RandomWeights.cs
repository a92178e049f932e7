using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Transformers;

/// <summary>First weights for a model that is trained from nothing.</summary>
internal static class RandomWeights
{
    /// <summary>Draws every weight from the seed, in the order of the parameters, on the host: the device changes nothing.</summary>
    public static void Fill(TransformerModel model, long seed)
    {
        using var noGrad = no_grad();
        using Generator generator = new(unchecked((ulong)seed), CPU);
        foreach ((string name, Parameter parameter) in model.NamedParameters)
        {
            using var scope = NewDisposeScope();
            if (name.EndsWith(".bias", StringComparison.Ordinal))
                parameter.zero_();
            else if (name.EndsWith("norm.weight", StringComparison.Ordinal))
                parameter.FillInPlace(UnitOffset(model, name) ? 0 : 1);
            else
                Draw(parameter, name, model.Config, generator);
        }
    }

    private static void Draw(Parameter parameter, string name, TransformerConfig config, Generator generator)
    {
        Tensor values;
        if (config.Initialization == Initialization.Xavier && !IsTable(name))
        {
            double bound = Math.Sqrt(6.0 / (parameter.size(0) + parameter.size(1)));
            values = rand(parameter.shape, ScalarType.Float32, CPU, generator: generator).TimesInPlace(2 * bound).PlusInPlace(-bound);
        }
        else
        {
            values = randn(parameter.shape, ScalarType.Float32, CPU, generator: generator).TimesInPlace(Deviation(name, parameter, config));
        }

        parameter.copy_(values);
    }

    private static double Deviation(string name, Tensor parameter, TransformerConfig config) => config.Initialization switch
    {
        Initialization.Normal => config.InitializerRange,
        Initialization.Xavier => 1 / Math.Sqrt(config.Width),
        // Raffel et al. 2020, appendix of the released code: attention is not scaled by 1/√d, so q is small from the start.
        _ when name.EndsWith(".q.weight", StringComparison.Ordinal) => 1 / Math.Sqrt((double)config.Width * config.Last.HeadSize),
        _ when name.EndsWith("relative_bias.weight", StringComparison.Ordinal) => 1 / Math.Sqrt(config.Width),
        _ when IsTable(name) => 1,
        _ when name == "head.output.weight" => 1,
        _ => 1 / Math.Sqrt(parameter.size(1)),
    };

    private static bool IsTable(string name) =>
        name.StartsWith("embeddings.", StringComparison.Ordinal) || name.EndsWith("positions.weight", StringComparison.Ordinal)
        || name.EndsWith("token_types.weight", StringComparison.Ordinal) || name.EndsWith("relative_bias.weight", StringComparison.Ordinal);

    private static bool UnitOffset(TransformerModel model, string name) =>
        (name.StartsWith("encoder.", StringComparison.Ordinal) ? model.Config.Encoder! : model.Config.Last).Norm.UnitOffset;
}
