using System.Text.Json;
using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Checkpoints.Hub;
using LlmCourse.Transformers;
using LlmCourse.Transformers.Families;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Lifecycle;

/// <summary>
/// Says how much memory inference or training will take before anything is loaded. The figures follow from what this library's own blocks
/// keep (on the CPU), not from a rule of thumb; docs/memory.md compares them with what was measured.
/// </summary>
public static class MemoryPlanner
{
    /// <summary>A plan for a model, of which no more is read than its configuration: a <c>config.json</c> alone will do.</summary>
    /// <param name="model">
    /// A folder; a model of the hub (<c>owner/name</c>, <c>owner/name@revision</c>), of which no more than config.json is downloaded;
    /// or a GGUF file, one of the hub only if it is in the cache.
    /// </param>
    /// <param name="options">What is to be done; null for full fine-tuning with the defaults.</param>
    /// <exception cref="CheckpointException">There is no such folder, or no configuration in it.</exception>
    /// <exception cref="HubException">The configuration cannot be downloaded.</exception>
    /// <exception cref="ConfigException">The configuration describes no possible model.</exception>
    /// <exception cref="ArgumentException">An option is out of range or names nothing; the message names it.</exception>
    public static MemoryPlan Plan(string model, MemoryPlanOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        JsonElement config = ReadConfig(model);
        Family family = Family.Of(config);
        TransformerConfig architecture = family.Config(config);
        return Plan(architecture, new WeightNames(family, architecture), options);
    }

    /// <summary>A plan for an architecture. Targets of an adapter are then named as this library names modules.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="options">What is to be done; null for full fine-tuning with the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range or names nothing; the message names it.</exception>
    public static MemoryPlan Plan(TransformerConfig config, MemoryPlanOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Plan(config, null, options);
    }

    private static MemoryPlan Plan(TransformerConfig config, WeightNames? names, MemoryPlanOptions? options)
    {
        options = (options ?? new MemoryPlanOptions()).Validate();
        RequirePositions(config, options);
        using TransformerModel shapes = new(config, options.Type, META); // names and shapes, no memory
        TrainedModules trained = options.Use switch
        {
            MemoryUse.FullFineTuning => TrainedModules.All(shapes),
            MemoryUse.Lora => TrainedModules.OfLora(options.Lora, shapes, new AdapterSites(shapes, names)),
            MemoryUse.PromptTuning => TrainedModules.OfPrompt(options.VirtualTokens, shapes),
            _ => TrainedModules.Nothing,
        };
        bool trains = options.Use != MemoryUse.Inference;
        long weights = shapes.ParameterCount * TensorMemory.ElementSize(options.Type), own = trained.FreezesBase ? trained.Bytes : 0;
        MemoryChoices choices = new(config.Width, options.Type, trained, trains, trains && options.Dropout) { EmbeddingWidth = config.EmbeddingWidth, NarrowTokens = config.NarrowTokens };
        MemoryParts always = new() { Weights = weights, Adapter = own, OptimizerStates = trains ? trained.StateBytes(options.Optimizer) : 0 };
        return new MemoryPlan
        {
            Options = options,
            Parameters = shapes.ParameterCount + (trained.FreezesBase ? trained.Count : 0),
            TrainedParameters = trained.Count,
            WeightBytes = weights,
            Moments = trains ? StepMemory.Of(config, options, choices, always) : [new MemoryMoment("inference", InferenceMemory.Of(config, options, choices, always))],
        };
    }

    private static JsonElement ReadConfig(string model)
    {
        string place = File.Exists(model) || Directory.Exists(model) ? model : Fetch(HubId.Parse(model, null));
        if (!File.Exists(place))
            return Pretrained.ReadConfig(place);
        using GgufModel gguf = GgufModel.Open(place);
        return gguf.Config;
    }

    // A GGUF file has its configuration inside, among all the weights: it is not downloaded for that.
    private static string Fetch(HubId id)
    {
        HubSettings settings = HubSettings.FromEnvironment();
        return id.File is not null ? settings.Cache.Resolve(id)
            : Task.Run(() => HubDownload.ConfigurationAsync(id, settings, CancellationToken.None)).GetAwaiter().GetResult();
    }

    private static void RequirePositions(TransformerConfig config, MemoryPlanOptions options)
    {
        config.Validate();
        bool both = config.Encoder is not null && config.Decoder is not null;
        int front = options.Use == MemoryUse.PromptTuning ? options.VirtualTokens : 0;
        if ((config.Encoder ?? config.Decoder)!.Positions is { Kind: PositionKind.Learned, Limit: { } limit } && options.Length + front > limit)
            throw new ArgumentException($"{nameof(MemoryPlanOptions.Length)} is {options.Length} and must be at most {limit - front}: the model has {limit} positions.", nameof(options));
        if (both && config.Decoder!.Positions is { Kind: PositionKind.Learned, Limit: { } most } && options.AnswerLength > most)
            throw new ArgumentException($"{nameof(MemoryPlanOptions.AnswerLength)} is {options.AnswerLength} and must be at most {most}: the model has {most} positions.", nameof(options));
    }
}
