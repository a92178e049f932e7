using LlmCourse.Transformers;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>What an adapter does to one module. It owns its parameters, and never those of the base.</summary>
internal abstract class SiteChange : IDisposable
{
    /// <summary>Its parameters, by what peft's files write behind the module's name.</summary>
    public abstract IReadOnlyList<ChangeParameter> Parameters { get; }

    /// <summary>Whether changes of several adapters at one module add up, in any order.</summary>
    public virtual bool Adds => false;

    /// <summary>Whether it starts from what the base has: made while another adapter is merged there, it would mean something else afterwards.</summary>
    public virtual bool StartsFromBase => false;

    /// <summary>The changed output: a fresh tensor.</summary>
    /// <param name="module">The module.</param>
    /// <param name="input">Its input.</param>
    /// <param name="output">Its output so far, or null where nobody has computed it.</param>
    public abstract Tensor Apply(SiteModule module, Tensor input, Tensor? output);

    /// <summary>
    /// The weight and bias of a plain module that computes the same, from the base's, in the type in which they come
    /// (fp32 or wider): fresh tensors.
    /// </summary>
    public abstract (Tensor Weight, Tensor? Bias) Merge(Tensor weight, Tensor? bias);

    /// <summary>The same with parameters of its own.</summary>
    public abstract SiteChange Copy();

    public virtual void Dispose()
    {
        foreach (ChangeParameter parameter in Parameters)
            parameter.Value.Dispose();
    }

    /// <summary>A trained parameter of its own with a tensor's values, row by row whatever the tensor's strides, that no scope owns.</summary>
    protected static Parameter Owned(Tensor value)
    {
        using Tensor plain = value.detach(), rows = plain.contiguous(), copy = rows.clone();
        Parameter parameter = new(copy);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
