using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Transformers;

/// <summary>
/// One storage of one or more named parameters, each a range of its rows: q, k and v, or gate and up. Training uses the
/// parts (the parameters that files, optimizers and adapters see), inference multiplies the whole; nothing is copied, so
/// nothing goes stale, and what is derived from them is renewed. Parts and whole share torch's version counter: no optimizer step between a forward and its backward.
/// </summary>
internal sealed class Weights : IDisposable
{
    private readonly string[] _names;
    private readonly long[] _rows;
    private readonly Parameter[] _parts;
    private readonly List<DerivedWeights> _derived = [];

    public Weights(string[] names, long[] rows, long[] rest, ScalarType type, Device device, bool trainable = true)
    {
        _names = names;
        _rows = rows;
        Whole = empty([rows.Sum(), .. rest], type, device).DetachFromDisposeScope();
        if (Kernels.Fast)
            NativeMemory.PreferLargePages(Whole);
        _parts = MakeParts(Whole, Array.ConvertAll(names, _ => trainable));
    }

    /// <summary>All parts below each other, without gradient: [Σ rows, …].</summary>
    public Tensor Whole { get; private set; }

    /// <summary>The parameters, in the order of their rows.</summary>
    public IReadOnlyList<Parameter> Parts => _parts;

    /// <summary>Their names, with the same indices.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The rows of each part.</summary>
    public IReadOnlyList<long> Rows => _rows;

    /// <summary>Whether any part wants a gradient.</summary>
    public bool Trainable => Array.Exists(_parts, part => part.requires_grad);

    /// <summary>Counts writes: rises with every optimizer step and every load.</summary>
    public long Version => WriteCount.Of(Whole);

    /// <summary>A copy in another form that follows every write, lives where the weights live and ends with them.</summary>
    public DerivedWeights Derive(Func<Tensor, Tensor> make)
    {
        DerivedWeights derived = new(this, make);
        _derived.Add(derived);
        return derived;
    }

    /// <summary>Moves the storage; the parameters become new objects, whose requires_grad stays as it was.</summary>
    public void To(ScalarType type, Device device)
    {
        if (Whole.dtype == type && Whole.device.Is(device))
            return;
        using var noGrad = no_grad();
        Tensor moved = Whole.to(type, device).DetachFromDisposeScope();
        bool[] trainable = Array.ConvertAll(_parts, part => part.requires_grad);
        Dispose();
        Whole = moved;
        MakeParts(moved, trainable).CopyTo(_parts, 0);
    }

    public void Dispose()
    {
        foreach (DerivedWeights derived in _derived)
            derived.Dispose();
        foreach (Parameter part in _parts)
            part.Dispose();
        Whole.Dispose();
    }

    private Parameter[] MakeParts(Tensor whole, bool[] trainable)
    {
        Parameter[] parts = new Parameter[_rows.Length];
        long row = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            using Tensor view = whole.narrow(0, row, _rows[i]);
            parts[i] = new Parameter(view.detach(), trainable[i]);
            parts[i].DetachFromDisposeScope();
            row += _rows[i];
        }

        return parts;
    }
}
