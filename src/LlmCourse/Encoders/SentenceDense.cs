using LlmCourse.Checkpoints;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Encoders;

/// <summary>sentence-transformers' Dense: a linear map of an embedding, and an activation.</summary>
internal sealed class SentenceDense : ISentenceModule
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly Activation? _activation;

    public SentenceDense(ModuleFolder folder, ScalarType type, Device device)
    {
        int input = folder.Whole("in_features"), output = folder.Whole("out_features");
        folder.Only("module_input_name", "sentence_embedding");
        folder.Only("module_output_name", "sentence_embedding");
        string activation = folder.Text("activation_function") ?? "torch.nn.modules.activation.Tanh";
        _activation = activation.Split('.')[^1] switch
        {
            "Tanh" => Activation.Tanh,
            "ReLU" => Activation.Relu,
            "GELU" => Activation.Gelu,
            "SiLU" => Activation.Silu,
            "Identity" => null,
            _ => throw new CheckpointException(folder.File, $"\"activation_function\": \"{activation}\" is not supported; supported: Tanh, ReLU, GELU, SiLU, Identity."),
        };
        using IWeightSource source = WeightFolder.Open(folder.Path);
        _weight = folder.Read(source, "linear.weight", [output, input], type, device);
        _bias = folder.Flag("bias", true) ? folder.Read(source, "linear.bias", [output], type, device) : null;
    }

    public int Width(int input) => input == _weight.size(1) ? (int)_weight.size(0)
        : throw new ArgumentException($"a Dense reads {_weight.size(1)} numbers, and what is in front of it gives {input}.");

    public Tensor Forward(Tensor x)
    {
        using Tensor mapped = Kernels.Linear(x, _weight, _bias);
        return _activation is { } activation ? FeedForward.Activate(mapped, activation) : mapped.alias();
    }

    public void Dispose()
    {
        _weight.Dispose();
        _bias?.Dispose();
    }
}
