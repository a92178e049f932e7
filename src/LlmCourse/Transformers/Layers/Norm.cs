using LlmCourse.Runtime;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>LayerNorm or RMSNorm over the last dimension.</summary>
internal sealed class Norm
{
    private readonly NormConfig _config;
    private readonly long _size;
    private readonly Weights _weight;
    private readonly Weights? _bias;

    public Norm(ParameterStore store, string path, NormConfig config, long size)
    {
        _config = config;
        _size = size;
        _weight = store.Add(path + ".weight", size);
        _bias = config.Kind == NormKind.Layer ? store.Add(path + ".bias", size) : null;
    }

    public Tensor Forward(Tensor x, ForwardContext context)
    {
        bool whole = context.UsesConstants;
        Tensor weight = whole ? _weight.Whole : _weight.Parts[0];
        return _config.Kind == NormKind.Rms
            ? Kernels.RmsNorm(x, weight, _config.Epsilon, _config.UnitOffset)
            : nn.functional.layer_norm(x, [_size], weight, whole ? _bias!.Whole : _bias!.Parts[0], _config.Epsilon);
    }
}
