namespace LlmCourse.Transformers;

/// <summary>How random weights are drawn.</summary>
public enum Initialization
{
    /// <summary>Normal with one standard deviation; biases 0, norms 1.</summary>
    Normal,

    /// <summary>As T5 was: by fan-in, embeddings with standard deviation 1.</summary>
    T5,

    /// <summary>Uniform by fan-in and fan-out (Glorot and Bengio 2010); embeddings normal with D^−½.</summary>
    Xavier,
}
