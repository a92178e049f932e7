using System.Text.Json;

namespace LlmCourse.Transformers.Families;

/// <summary>
/// An architecture as published checkpoints have it: how its <c>config.json</c> reads, and what its modules are called
/// there. Each family is one such value; the transformer itself knows none of them.
/// </summary>
internal sealed record Family
{
    /// <summary>All families, by what <c>model_type</c> calls them.</summary>
    private static readonly Family[] All = [T5.Family, Bart.Family, Llama.Family, Mistral.Family, Qwen2.Family, Qwen3.Family, Phi3.Family,
        SmolLm3.Family, Olmo2.Family, Gemma.Family, Gemma2.Family, Gemma3.Family, NeoX.Family, Opt.Family, Gpt2.Family,
        Bert.Family, Roberta.Family, XlmRoberta.Family, DistilBert.Family, Electra.Family, Albert.Family, ModernBert.Family];

    /// <summary>The values of <c>model_type</c> it answers to.</summary>
    public required string[] ModelTypes { get; init; }

    /// <summary>config.json → architecture.</summary>
    public required Func<ConfigReader, TransformerConfig> Read { get; init; }

    /// <summary>
    /// Our modules and the checkpoint's, <c>{i}</c> standing for the layer. A module's tensors have the same last part on
    /// both sides (weight, bias).
    /// </summary>
    public required Func<TransformerConfig, ModuleName[]> Modules { get; init; }

    /// <summary>What stands before the names of the base model's tensors where the file has a head too.</summary>
    public string BasePrefix { get; init; } = "";

    /// <summary>What <c>architectures</c> calls the model without a head that embeddings of texts are made of.</summary>
    public string BaseModel { get; init; } = "Model";

    /// <summary>
    /// Tensors that may stand in a file and mean nothing: buffers, and what belongs to another head. <c>*</c> is any layer number, a
    /// trailing <c>.</c> any rest.
    /// </summary>
    public string[] Leftovers { get; init; } = [];

    /// <summary>
    /// Tensors that a file may have beside another, of which they are a copy, or in its place; the output matrix of a tied head needs no
    /// mention. Where both are there, they must be equal.
    /// </summary>
    public (string Copy, string Of)[] Copies { get; init; } = [];

    /// <exception cref="ConfigException">The model type is missing or unknown.</exception>
    public static Family Of(JsonElement config)
    {
        if (config.ValueKind != JsonValueKind.Object)
            throw new ConfigException("config.json must hold an object.");
        ConfigReader reader = new(config);
        string type = reader.Text("model_type") ?? throw new ConfigException("config.json lacks \"model_type\".");
        // Gemma 3 from 4B on, Mistral Small 3.1 and others like them.
        string inside = reader.Has("text_config") ? " It is a model of text and images; of some the text's part alone is published as a .gguf file, which can be read." : "";
        return Array.Find(All, family => family.ModelTypes.Contains(type)) ?? throw new UnsupportedModelException(
            $"config.json: \"model_type\": \"{type}\" is not supported; supported: {string.Join(", ", All.SelectMany(family => family.ModelTypes))}.{inside}");
    }

    /// <summary>Reads and checks the architecture.</summary>
    public TransformerConfig Config(JsonElement config, Func<string, bool>? hasWeight = null)
    {
        try
        {
            ConfigReader reader = new(config, hasWeight);
            foreach (string key in (string[])["quantization_config", "compression_config", "quantization"]) // the last is MLX's
            {
                if (reader.Section(key) is { } quantized)
                {
                    string kind = quantized.Text("quant_method") is { } method ? $" of the kind \"{method}\"" : "";
                    throw new UnsupportedModelException(
                        $"config.json: \"{key}\": quantised weights{kind} are not supported: load the model as it was before, or quantised as a .gguf file.");
                }
            }

            return Read(reader).Validate();
        }
        catch (Exception error) when (error is ArgumentException or OverflowException)
        {
            throw new ConfigException($"config.json describes no possible model: {error.Message}");
        }
    }
}
