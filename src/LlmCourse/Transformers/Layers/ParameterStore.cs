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

    public ScalarType Type { get; private set; } = type;

    public Device Device { get; private set; } = device;

    public IReadOnlyList<Weights> Groups => _groups;

    /// <summary>Name and parameter, each once.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> Named =>
        _groups.SelectMany(group => group.Names.Zip(group.Parts, (name, part) => (name, part)));

    public Weights Add(string name, params long[] shape) => Add([name], [shape[0]], shape[1..]);

    public Weights Add(string[] names, long[] rows, long[] rest, bool trainable = true)
    {
        Weights group = new(names, rows, rest, Type, Device, trainable);
        _groups.Add(group);
        return group;
    }

    public void To(ScalarType type, Device device)
    {
        foreach (Weights group in _groups)
            group.To(type, device);
        Type = type;
        Device = device;
    }

    public void Dispose()
    {
        foreach (Weights group in _groups)
            group.Dispose();
    }
}
