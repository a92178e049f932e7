using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Encoders;

/// <summary>sentence-transformers' LayerNorm: a trained norm over an embedding.</summary>
internal sealed class SentenceNorm : ISentenceModule
{
    private readonly Tensor _weight;
    private readonly Tensor _bias;

    public SentenceNorm(ModuleFolder folder, ScalarType type, Device device)
    {
        int size = folder.Whole("dimension");
        using IWeightSource source = WeightFolder.Open(folder.Path);
        _weight = folder.Read(source, "norm.weight", [size], type, device);
        _bias = folder.Read(source, "norm.bias", [size], type, device);
    }

    public int Width(int input) => input;

    public Tensor Forward(Tensor x) => nn.functional.layer_norm(x, _weight.shape, _weight, _bias, 1e-5);

    public void Dispose()
    {
        _weight.Dispose();
        _bias.Dispose();
    }
}
