using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Transformers;

/// <summary>Small models whose weights are all random, norms and biases too.</summary>
internal static class Tiny
{
    public static StackConfig Stack { get; } = new() { Layers = 2, Heads = 2, HeadSize = 4, FeedForwardWidth = 12 };

    public static TransformerConfig Decoder(Func<StackConfig, StackConfig>? change = null) => new()
    {
        VocabularySize = 20,
        Width = 8,
        Decoder = (change ?? (stack => stack))(Stack with { Causal = true }),
        Head = new HeadConfig { Kind = HeadKind.LanguageModel },
    };

    public static TransformerConfig Encoder(Func<StackConfig, StackConfig>? change = null) => new()
    {
        VocabularySize = 20,
        Width = 8,
        Encoder = (change ?? (stack => stack))(Stack),
    };

    public static TransformerConfig EncoderDecoder(Func<StackConfig, StackConfig>? change = null)
    {
        StackConfig stack = (change ?? (stack => stack))(Stack);
        return new TransformerConfig
        {
            VocabularySize = 20,
            Width = 8,
            Encoder = stack,
            Decoder = stack with { Causal = true, CrossAttention = true },
            Head = new HeadConfig { Kind = HeadKind.LanguageModel },
        };
    }

    public static TransformerModel Model(TransformerConfig config, long seed = 1)
    {
        TransformerModel model = new(config, seed, device: TestDevice.Device);
        using var noGrad = no_grad();
        using Generator generator = new((ulong)seed, CPU);
        foreach ((_, Parameter parameter) in model.NamedParameters)
        {
            using Tensor values = randn(parameter.shape, device: CPU, generator: generator).mul_(0.5);
            parameter.copy_(values);
        }

        return model;
    }

    public static Dictionary<string, Tensor> Weights(TransformerModel model) =>
        model.NamedParameters.ToDictionary(entry => entry.Name, entry => entry.Parameter.detach());

    /// <summary>The hidden states of a decoder-only or encoder-only model, without gradient.</summary>
    public static Hidden Run(TransformerModel model, LlmCourse.Data.Sequences input, ForwardContext? context = null)
    {
        using var noGrad = no_grad();
        return model.Trunk.Run(input, context);
    }
}
