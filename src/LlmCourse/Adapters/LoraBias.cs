namespace LlmCourse.Adapters;

/// <summary>Which biases a LoRA adapter trains beside its factors. They belong to the adapter: the base keeps its own.</summary>
public enum LoraBias
{
    /// <summary>None.</summary>
    None,

    /// <summary>Those of the modules that the adapter acts on.</summary>
    Targets,

    /// <summary>Every bias of the model.</summary>
    All,
}
