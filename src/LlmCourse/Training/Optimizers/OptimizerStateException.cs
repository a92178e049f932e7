using LlmCourse.Runtime;

namespace LlmCourse.Training.Optimizers;

/// <summary>A saved state does not fit the optimizer that is to go on with it.</summary>
public sealed class OptimizerStateException : LlmException
{
    internal OptimizerStateException(string key, string problem)
        : base($"Optimizer state '{key}' {problem}. It must come from an optimizer with the same options over the same parameters.") => Key = key;

    /// <summary>The key of the state that the error is about.</summary>
    public string Key { get; }
}
