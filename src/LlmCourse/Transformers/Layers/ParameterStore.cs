using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Transformers;

/// <summary>
/// All parameters of a model under their canonical names, in the order in which the model was built. Each tensor has one
/// owner here; a tied layer refers to the owner's.
/// </summary>
internal sealed class ParameterStore(ScalarType type, Device device) : IDisposable
{
    private readonly List<Weights> _groups = [];
    private bool _disposed;

    public ScalarType Type { get; private set; } = Checked(type);

    public Device Device { get; private set; } = device;

    public IReadOnlyList<Weights> Groups => _groups;

    /// <summary>Name and parameter, each once.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> Named
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(TransformerModel));
            return _groups.SelectMany(group => group.Names.Zip(group.Parts, (name, part) => (name, part)));
        }
    }

    public Weights Add(string name, params long[] shape) => Add([name], [shape[0]], shape[1..]);

    public Weights Add(string[] names, long[] rows, long[] rest, bool trainable = true)
    {
        Weights group = new(names, rows, rest, Type, Device, trainable);
        _groups.Add(group);
        return group;
    }

    /// <summary>Takes weights out and frees them.</summary>
    public void Remove(Weights group)
    {
        _groups.Remove(group);
        group.Dispose();
    }

    public void To(ScalarType type, Device device)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(TransformerModel));
        Checked(type);
        foreach (Weights group in _groups)
            group.To(type, device);
        Type = type;
        Device = device;
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (Weights group in _groups)
            group.Dispose();
    }

    private static ScalarType Checked(ScalarType type) =>
        type is ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Float64
            ? type
            : throw new ArgumentException($"The type of weights must be Float32, BFloat16, Float16 or Float64, found {type}.", nameof(type));
}
