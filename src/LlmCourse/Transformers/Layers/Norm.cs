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
    private readonly DerivedWeights? _fromOne;

    public Norm(ParameterStore store, string path, NormConfig config, long size)
    {
        _config = config;
        _size = size;
        _weight = store.Add(path + ".weight", size);
        _bias = config.Kind == NormKind.Layer ? store.Add(path + ".bias", size) : null;
        _fromOne = config.UnitOffset ? _weight.Derive(FromOne) : null;
    }

    public Tensor Forward(Tensor x, ForwardContext context)
    {
        bool whole = context.UsesConstants;
        Tensor weight = whole ? _weight.Whole : _weight.Parts[0];
        if (_fromOne is not null)
        {
            using Tensor? shifted = whole ? null : FromOne(weight);
            return Kernels.RmsNorm(x, shifted ?? _fromOne.Value, _config.Epsilon);
        }

        return _config.Kind == NormKind.Rms
            ? Kernels.RmsNorm(x, weight, _config.Epsilon)
            : nn.functional.layer_norm(x, [_size], weight, whole ? _bias!.Whole : _bias!.Parts[0], _config.Epsilon);
    }

    // 1 + w, in fp32 at least: near 1 a half-precision number has fewer places than w.
    private static Tensor FromOne(Tensor weight)
    {
        if (weight.dtype is ScalarType.Float32 or ScalarType.Float64)
            return weight.Plus(1);
        using Tensor wide = weight.to(ScalarType.Float32);
        return wide.Plus(1);
    }
}
