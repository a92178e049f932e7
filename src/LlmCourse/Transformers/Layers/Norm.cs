using LlmCourse.Runtime;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>LayerNorm or RMSNorm over the last dimension.</summary>
internal sealed class Norm
{
    private readonly NormConfig _config;
    private readonly long _size;
    private readonly Weights? _weight;
    private readonly Weights? _bias;
    private readonly DerivedWeights? _fromOne;
    private readonly AdapterSite? _site;

    public Norm(ParameterStore store, string path, NormConfig config, long size)
    {
        _config = config;
        _size = size;
        if (!config.Affine)
            return;
        _site = new AdapterSite(path, SiteKind.Norm, size, size);
        _weight = store.Add(path + ".weight", size);
        _bias = config is { Kind: NormKind.Layer, Bias: true } ? store.Add(path + ".bias", size) : null;
        _fromOne = config.UnitOffset ? _weight.Derive(FromOne) : null;
    }

    /// <summary>The norm as adapters address it, where it has a weight.</summary>
    public IEnumerable<AdapterSite> Sites => _site is null ? [] : [_site];

    public Tensor Forward(Tensor x, ForwardContext context)
    {
        bool whole = context.UsesConstants;
        if (_weight is null)
            return nn.functional.layer_norm(x, [_size], null, null, _config.Epsilon);
        Tensor weight = whole ? _weight.Whole : _weight.Parts[0];
        Tensor? bias = whole ? _bias?.Whole : _bias?.Parts[0];
        if (context.Adapter is { } adapter && adapter.ActsOn(_site!))
            return adapter.Apply(new SiteModule(_site!, weight, bias, context, Run), x, null);
        return whole && _fromOne is not null ? Kernels.RmsNorm(x, _fromOne.Value, _config.Epsilon) : Run(x, weight, bias);
    }

    private Tensor Run(Tensor x, Tensor weight, Tensor? bias)
    {
        if (_config.Kind == NormKind.Layer)
            return nn.functional.layer_norm(x, [_size], weight, bias, _config.Epsilon);
        using Tensor? shifted = _config.UnitOffset ? FromOne(weight) : null;
        return Kernels.RmsNorm(x, shifted ?? weight, _config.Epsilon);
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
