using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Lifecycle;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;

namespace LlmCourse.Benchmarks;

/// <summary>A model, a batch and a way to train it.</summary>
/// <param name="Model">A name of <see cref="Shapes"/>, or a folder with a config.json; weights are random, since memory does not depend on them.</param>
/// <param name="Method">One of <see cref="Methods"/>; with <c>+dropout</c> behind it, the model's dropout is on.</param>
internal sealed record MemoryCase(string Model, string Method)
{
    public const int VirtualTokens = 20;

    public static IReadOnlyList<string> Methods { get; } =
        ["full", "full+checkpointing", "full+in-backward", "lora", "lora+checkpointing", "lora-all", "lora-all+checkpointing", "prompt", "prompt+checkpointing"];

    public bool Checkpointing => Method.Contains("+checkpointing", StringComparison.Ordinal);

    public bool StepInBackward => Method.Contains("+in-backward", StringComparison.Ordinal);

    public bool Dropout => Method.Contains("+dropout", StringComparison.Ordinal);

    public MemoryUse Use => Method.Split('+')[0] switch
    {
        "full" => MemoryUse.FullFineTuning,
        "lora" or "lora-all" => MemoryUse.Lora,
        "prompt" => MemoryUse.PromptTuning,
        string other => throw new ArgumentException($"'{other}' is no way to train that is measured."),
    };

    /// <summary>Rank 8 on q and v, or on all linear maps.</summary>
    public LoraOptions Lora => new() { Targets = Method.StartsWith("lora-all", StringComparison.Ordinal) ? [LoraOptions.AllLinear] : null };

    private JsonElement Config => Shapes.Config(Model) ?? Pretrained.ReadConfig(Model);

    private (int Rows, int Length, int Answer) Sizes => Model switch { Shapes.TinyT5 => (16, 128, 64), Shapes.T5Small => (8, 128, 32), _ => (4, 128, 0) };

    public string Title => $"{Path.GetFileName(Model.TrimEnd('/'))}, {Sizes.Rows} × {(Sizes.Answer > 0 ? $"({Sizes.Length} + {Sizes.Answer})" : Sizes.Length)}";

    public MemoryPlan Plan()
    {
        return MemoryPlanner.Plan(Family.Of(Config).Config(Config), new()
        {
            Use = Use,
            BatchSize = Sizes.Rows,
            Length = Sizes.Length,
            AnswerLength = Math.Max(Sizes.Answer, 1),
            GradientCheckpointing = Checkpointing,
            StepInBackward = StepInBackward,
            Dropout = Dropout,
            Lora = Lora,
            VirtualTokens = VirtualTokens,
        });
    }

    public Pretrained Load() => Pretrained.FromConfig(Config, 1);

    public Batch Batch(TransformerConfig config)
    {
        Random random = new(1);
        int[][] Rows(int length) => [.. Enumerable.Range(0, Sizes.Rows).Select(_ => Enumerable.Range(0, length).Select(_ => random.Next(10, config.VocabularySize - 10)).ToArray())];
        return config.Encoder is not null ? Data.Batch.ForEncoderDecoder(Rows(Sizes.Length), Rows(Sizes.Answer), 0, 0) : Data.Batch.ForDecoder(Rows(Sizes.Length));
    }
}
