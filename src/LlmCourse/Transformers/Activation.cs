namespace LlmCourse.Transformers;

/// <summary>A non-linearity.</summary>
public enum Activation
{
    /// <summary>max(0, x).</summary>
    Relu,

    /// <summary>x · Φ(x), exact.</summary>
    Gelu,

    /// <summary>GELU by its tanh approximation (gelu_new).</summary>
    GeluTanh,

    /// <summary>x · σ(x), also called swish.</summary>
    Silu,

    /// <summary>tanh x.</summary>
    Tanh,
}
