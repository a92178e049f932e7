using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// Weights in another form, such as a kernel wants them: made when first asked for, and again when the weights were written to
/// since. Safe to use from several threads, as the weights are: it is renewed in place, so who still reads it while somebody
/// else trains meets new numbers, never freed memory.
/// </summary>
/// <param name="weights">What it is derived from, and who disposes it.</param>
/// <param name="make">The whole [Σ rows, …] → a new tensor, always of one shape for one type and device.</param>
internal sealed class DerivedWeights(Weights weights, Func<Tensor, Tensor> make) : IDisposable
{
    private readonly Lock _making = new();
    private Tensor? _copy;
    private long _version;

    /// <summary>The current form, without gradient; owned by this.</summary>
    public Tensor Value
    {
        get
        {
            long version = weights.Version; // read first: what is written while the copy is made makes it stale
            Tensor? copy = Volatile.Read(ref _copy);
            return copy is not null && Volatile.Read(ref _version) == version ? copy : Make(version);
        }
    }

    public void Dispose()
    {
        lock (_making)
        {
            _copy?.Dispose();
            _copy = null;
        }
    }

    private Tensor Make(long version)
    {
        lock (_making)
        {
            if (_copy is not null && _version >= version)
                return _copy; // another thread was faster
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            Tensor made = make(weights.Whole);
            if (_copy is null)
                Volatile.Write(ref _copy, made.DetachFromDisposeScope());
            else
                _copy.copy_(made);
            Volatile.Write(ref _version, version);
            return _copy;
        }
    }
}
