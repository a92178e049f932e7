using LlmCourse.Adapters;
using LlmCourse.Training.Optimizers;
using TorchSharp;

namespace LlmCourse.Lifecycle;

/// <summary>What is to be done with a model, as far as memory depends on it. The defaults are those of training and loading.</summary>
public sealed record MemoryPlanOptions
{
    /// <summary>What is done. Default: full fine-tuning.</summary>
    public MemoryUse Use { get; init; } = MemoryUse.FullFineTuning;

    /// <summary>The rows of a batch. Default: 8.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>The tokens of a row, padding included; in inference prompt and answer together. Of an encoder–decoder the encoder's. Default: 512.</summary>
    public int Length { get; init; } = 512;

    /// <summary>The tokens of a row of an encoder–decoder's decoder; other models have none. Default: 128.</summary>
    public int AnswerLength { get; init; } = 128;

    /// <summary>The type of the weights. Default: fp32.</summary>
    public torch.ScalarType Type { get; init; } = torch.ScalarType.Float32;

    /// <summary>The rule of the updates. Default: AdamW.</summary>
    public OptimizerOptions Optimizer { get; init; } = new AdamWOptions();

    /// <summary>Whether the activations of a block are computed again in the backward pass. Default: no.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Whether full fine-tuning updates the parameters of a block as soon as their gradients are there. Default: no.</summary>
    public bool StepInBackward { get; init; }

    /// <summary>Whether the model's dropout, as its configuration has it, is on while training. Default: yes.</summary>
    public bool Dropout { get; init; } = true;

    /// <summary>The adapter of <see cref="MemoryUse.Lora"/>. Default: rank 8 on q and v.</summary>
    public LoraOptions Lora { get; init; } = new();

    /// <summary>The virtual tokens of <see cref="MemoryUse.PromptTuning"/>. Default: 20.</summary>
    public int VirtualTokens { get; init; } = 20;

    internal MemoryPlanOptions Validate()
    {
        Require(Enum.IsDefined(Use), nameof(Use), Use, "one of its names");
        Require(BatchSize > 0, nameof(BatchSize), BatchSize, "at least 1");
        Require(Length > 0, nameof(Length), Length, "at least 1");
        Require(AnswerLength > 0, nameof(AnswerLength), AnswerLength, "at least 1");
        Require(Type is torch.ScalarType.Float32 or torch.ScalarType.BFloat16 or torch.ScalarType.Float16 or torch.ScalarType.Float64, nameof(Type), Type, "Float32, BFloat16, Float16 or Float64");
        Require(Optimizer is not null, nameof(Optimizer), Optimizer, "given");
        Require(Lora is not null, nameof(Lora), Lora, "given");
        Require(VirtualTokens > 0, nameof(VirtualTokens), VirtualTokens, "at least 1");
        Optimizer!.Validate();
        return this;
    }

    private static void Require(bool holds, string property, object? value, string expectation)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(property, value, $"{property} must be {expectation}.");
    }
}
