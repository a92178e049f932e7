using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// Dropout masks drawn from a generator of their own: the same seed and step give the same masks, whatever else draws
/// random numbers, so a resumed run repeats an uninterrupted one.
/// </summary>
public sealed class DropoutMasks : IDisposable
{
    private readonly Generator _generator;

    /// <summary>The masks of one training step.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="step">The step's number.</param>
    /// <param name="device">Where the masks are made; null for the CPU.</param>
    public DropoutMasks(long seed, long step = 0, Device? device = null) =>
        _generator = new Generator(unchecked((ulong)seed * 0x9E3779B97F4A7C15UL) + (ulong)step, device ?? CPU);

    private DropoutMasks(Generator generator) => _generator = generator;

    /// <summary>Where the masks are now, for <see cref="From"/>.</summary>
    internal Tensor State() => _generator.get_state();

    /// <summary>The masks that came behind a state.</summary>
    internal static DropoutMasks From(Tensor state, Device device)
    {
        Generator generator = new(0, device);
        generator.set_state(state);
        return new DropoutMasks(generator);
    }

    /// <summary>x with a share of its elements zeroed and the others scaled by 1 / (1 − share).</summary>
    internal Tensor Apply(Tensor x, double share)
    {
        using Tensor kept = rand(x.shape, ScalarType.Float32, x.device, generator: _generator).IsAtLeastInPlace(share);
        using Tensor scaled = kept.to(x.dtype).TimesInPlace(1 / (1 - share));
        return x.mul(scaled);
    }

    /// <inheritdoc/>
    public void Dispose() => _generator.Dispose();
}
