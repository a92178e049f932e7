using System.Text.Json;
using System.Text.Json.Nodes;
using LlmCourse.Checkpoints;
using LlmCourse.Transformers;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>Writes an adapter as peft writes it, so that peft reads it: its tensors under the checkpoint's names, and its configuration.</summary>
/// <param name="adapter">The adapter.</param>
/// <param name="model">Its model.</param>
/// <param name="sites">The model's modules.</param>
/// <param name="origin">The folder or id that the model was loaded from, or null: peft finds the base by it.</param>
internal sealed class PeftWriter(Adapter adapter, TransformerModel model, AdapterSites sites, string? origin)
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
        bool named = config["base_model_name_or_path"] is not null;
        JsonObject sorted = new(config.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone())));
        sorted["inference_mode"] = true;
        if (!named)
            sorted["base_model_name_or_path"] = origin;
        (string Module, bool[]? Kept)[] chosen = [.. adapter.Changed.Where(entry => entry.Change is SingularChange).Select(entry => (entry.Site.Module, adapter.Allocator?.Kept(entry.Change)))];
        if (chosen.Any(module => module.Kept is not null))
            sorted["rank_pattern"] = new JsonObject(chosen.Select(module => KeyValuePair.Create($"{module.Module}.lora_E", (JsonNode?)new JsonArray([.. module.Kept!.Select(stays => (JsonNode)stays)]))));
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

        foreach ((NamedSite site, SiteChange change) in adapter.Changed.SelectMany(entry => (entry.Change is TableChange ? entry.Site.Tables(model) : [entry.Site]).Select(site => (site, entry.Change))))
        {
            bool[]? kept = adapter.Allocator?.Kept(change);
            foreach (ChangeParameter parameter in change.Parameters)
            {
                if (kept is not null)
                {
                    yield return Cut($"{prefix}{site.Module}.{parameter.Suffix}", parameter, kept);
                    continue;
                }

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

    // What training has given up is not in the file.
    private static PendingWeight Cut(string name, ChangeParameter parameter, bool[] kept)
    {
        int dimension = parameter.Suffix == "lora_B" ? 1 : 0;
        long[] shape = [.. parameter.Value.shape], rows = [.. kept.Index().Where(entry => entry.Item).Select(entry => (long)entry.Index)];
        shape[dimension] = rows.Length;
        return new PendingWeight(name, parameter.Value.dtype, shape, () =>
        {
            using Tensor plain = parameter.Value.detach(), index = tensor(rows, device: plain.device);
            return plain.index_select(dimension, index);
        });
    }
}
