using System.Text.Json;
using System.Text.Json.Nodes;
using LlmCourse.Checkpoints;
using LlmCourse.Transformers;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>Writes an adapter as peft writes it, so that peft reads it: its tensors under the checkpoint's names, and its configuration.</summary>
internal sealed class PeftWriter(Adapter adapter, TransformerModel model, AdapterSites sites)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    /// <summary>Writes into an existing, empty folder.</summary>
    public void Write(string folder)
    {
        SafetensorsWriter.Write(Path.Combine(folder, PeftReader.WeightsFile), [.. Tensors().OrderBy(weight => weight.Name, StringComparer.Ordinal)], Metadata);
        File.WriteAllText(Path.Combine(folder, PeftReader.ConfigFile), Config().ToJsonString(Indented));
    }

    // An adapter that was read says what it said.
    private JsonObject Config()
    {
        JsonObject config = adapter.Source ?? new PeftDescription(adapter, model, sites).Config();
        JsonObject sorted = new(config.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone())));
        sorted["inference_mode"] = true;
        return sorted;
    }

    private IEnumerable<PendingWeight> Tensors()
    {
        // peft wraps a model with a soft prompt once less.
        string prefix = adapter.Prompt is null ? "base_model.model." : "base_model.";
        if (adapter.Prompt is { } prompt)
        {
            using Tensor finished = prompt.Finished();
            yield return new PendingWeight("prompt_embeddings", finished.dtype, finished.shape, prompt.Finished);
        }

        foreach ((NamedSite site, SiteChange change) in adapter.Changed)
        {
            foreach (ChangeParameter parameter in change.Parameters)
            {
                bool turned = site.Transposed && parameter.Suffix == "weight";
                long[] shape = turned ? [.. parameter.Value.shape.Reverse()] : parameter.Value.shape;
                yield return new PendingWeight($"{prefix}{site.Module}.{parameter.Suffix}", parameter.Value.dtype, shape, () =>
                {
                    using Tensor plain = parameter.Value.detach();
                    return turned ? plain.t().contiguous() : plain.alias();
                });
            }

            // As peft does for tables of this name.
            if (change is TableChange && site.Module.EndsWith("embed_tokens", StringComparison.Ordinal))
            {
                Tensor table = new BaseWeights(model).Weight(site);
                yield return new PendingWeight($"{prefix}{site.Module}.base_layer.weight", table.dtype, table.shape, table.detach);
            }
        }
    }
}
