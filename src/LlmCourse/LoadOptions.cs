using LlmCourse.Tokenization;
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

    /// <summary>The tokenizer, for a checkpoint that has none or another one.</summary>
    public PretrainedTokenizer? Tokenizer { get; init; }

    /// <summary>The tokenizer of an encoder–decoder's answers, where it is not that of its input.</summary>
    public PretrainedTokenizer? AnswerTokenizer { get; init; }
}
