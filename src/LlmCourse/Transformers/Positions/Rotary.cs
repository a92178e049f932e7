using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// Rotary position embedding (Su et al. 2021): pair i of a head turns by position · θ^(−2i/d). In fp32, as the
/// checkpoints were trained.
/// </summary>
internal sealed class Rotary : IDisposable
{
    private readonly PositionConfig _config;
    private readonly int _headSize;
    private readonly float _amplitude;
    private readonly PositionTable _cos;
    private readonly PositionTable _sin;

    public Rotary(PositionConfig config, int headSize)
    {
        _config = config;
        _headSize = headSize;
        _amplitude = (float)(config.Scaling?.Amplitude ?? 1);
        // Made when needed: a configuration may name any size, and only its agreement with a file makes it credible.
        Lazy<float[]> frequencies = new(() => Frequencies(config, headSize));
        _cos = Table(frequencies, MathF.Cos);
        _sin = Table(frequencies, MathF.Sin);
    }

    private int Pairs => (_config.RotarySize ?? _headSize) / 2;

    /// <summary>θ^(−2i/d) for each pair i of <paramref name="size"/> elements.</summary>
    public static float[] Plain(double theta, int size) =>
        [.. Enumerable.Range(0, size / 2).Select(i => 1f / (float)Math.Pow(theta, 2f * i / size))];

    /// <summary>The inverse wavelengths, one per pair, scaled as configured for a sequence of <paramref name="length"/> tokens (0: a short one).</summary>
    public static float[] Frequencies(PositionConfig config, int headSize, int length = 0)
    {
        int size = config.RotarySize ?? headSize;
        return config.Scaling?.Frequencies(config.Theta, size, length) ?? Plain(config.Theta, size);
    }

    /// <summary>Cosines and sines at the given positions, each [B or 1, T, 1, d/2].</summary>
    public Angles At(PositionNumbers positions, ScalarType type, Device device)
    {
        if (_config.Scaling is { Varies: true } scaling)
        {
            int[] lengths = positions.SequenceLengths();
            if (Array.Exists(lengths, length => scaling.Variant(length) != 0))
                return Beyond(positions, lengths, type, device);
        }

        return new Angles(
            positions.Rows(_cos.AtLeast(positions.Needed, type, device)).unsqueeze(2),
            positions.Rows(_sin.AtLeast(positions.Needed, type, device)).unsqueeze(2));
    }

    public void Dispose()
    {
        _cos.Dispose();
        _sin.Dispose();
    }

    // Some sequence is so long that it has frequencies of its own: each column's angles are made for the length of its sequence, [B·T].
    private Angles Beyond(PositionNumbers positions, int[] lengths, ScalarType type, Device device)
    {
        Dictionary<int, float[]> known = [];
        float[] cos = new float[lengths.Length * Pairs], sin = new float[cos.Length];
        for (int at = 0; at < lengths.Length; at++)
        {
            int variant = _config.Scaling!.Variant(lengths[at]);
            if (!known.TryGetValue(variant, out float[]? frequencies))
                known[variant] = frequencies = Frequencies(_config, _headSize, lengths[at]);
            int position = positions.At(at / positions.Width, at % positions.Width);
            for (int i = 0; i < Pairs; i++)
            {
                cos[(at * Pairs) + i] = MathF.Cos(position * frequencies[i]) * _amplitude;
                sin[(at * Pairs) + i] = MathF.Sin(position * frequencies[i]) * _amplitude;
            }
        }

        Tensor Of(float[] values)
        {
            using Tensor host = tensor(values, [lengths.Length / positions.Width, positions.Width, 1, Pairs], device: CPU);
            return host.to(type, device, copy: true);
        }

        return new Angles(Of(cos), Of(sin));
    }

    private PositionTable Table(Lazy<float[]> frequencies, Func<float, float> function) => new(Pairs, (position, row) =>
    {
        for (int i = 0; i < row.Length; i++)
            row[i] = function(position * frequencies.Value[i]) * _amplitude;
    });

    /// <summary>Cosines and sines of one forward pass, each [B or 1, T, 1, d/2].</summary>
    internal sealed record Angles(Tensor Cos, Tensor Sin);
}
