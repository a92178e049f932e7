using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// The tensors of a checkpoint by name. Opening one reads and checks the header only. Reading is safe from several
/// threads at once; disposing while another thread reads is not.
/// </summary>
internal interface IWeightSource : IDisposable
{
    /// <summary>Every tensor of the checkpoint, by its name there.</summary>
    public IReadOnlyDictionary<string, WeightInfo> Weights { get; }

    /// <summary>
    /// Copies a tensor into <paramref name="destination"/>, converting to its type, wherever it lives. Shapes must be
    /// equal. No gradient is recorded, so a parameter may be the destination.
    /// </summary>
    public void CopyTo(string name, Tensor destination);

    /// <summary>Whether two tensors are the same: shape, type, and every element.</summary>
    public bool AreEqual(string name, string other) => this.ReadAlike(name, other);
}

/// <summary>What every weight source can do on top of its own two operations.</summary>
internal static class WeightSourceExtensions
{
    /// <summary>Reads a tensor into memory of its own, as <paramref name="type"/> or as it is stored. The caller owns it.</summary>
    public static Tensor Read(this IWeightSource source, string name, ScalarType? type = null)
    {
        WeightInfo weight = source.Find(name);
        Tensor tensor = empty(weight.Shape, type ?? weight.Type, CPU);
        try
        {
            source.CopyTo(name, tensor);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>Reads two tensors and says whether they are the same.</summary>
    public static bool ReadAlike(this IWeightSource source, string name, string other)
    {
        WeightInfo first = source.Find(name), second = source.Find(other);
        if (first.Type != second.Type || !first.Shape.AsSpan().SequenceEqual(second.Shape))
            return false;
        using Tensor one = source.Read(name), two = source.Read(other), same = one.eq(two), all = same.all();
        return all.IsTrue();
    }

    /// <summary>The entry of a name that must be there.</summary>
    public static WeightInfo Find(this IWeightSource source, string name) =>
        source.Weights.TryGetValue(name, out WeightInfo? weight)
            ? weight
            : throw new ArgumentException($"The checkpoint has no tensor '{name}'.", nameof(name));

    /// <summary>The entry of a name, after checking that <paramref name="destination"/> has its shape.</summary>
    public static WeightInfo Find(this IWeightSource source, string name, Tensor destination)
    {
        WeightInfo weight = source.Find(name);
        return destination.shape.AsSpan().SequenceEqual(weight.Shape)
            ? weight
            : throw new ArgumentException(
                $"Tensor '{name}' has shape [{string.Join(", ", weight.Shape)}], the destination [{string.Join(", ", destination.shape)}].",
                nameof(destination));
    }
}
