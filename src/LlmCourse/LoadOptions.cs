using static TorchSharp.torch;

namespace LlmCourse;

/// <summary>How a model is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>The type its weights get, whatever the file has. Default: fp32.</summary>
    public ScalarType Type { get; init; } = ScalarType.Float32;

    /// <summary>Where its weights live. Default: the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>The branch, tag or commit of a model named by a hub id. Default: main.</summary>
    public string? Revision { get; init; }
}
