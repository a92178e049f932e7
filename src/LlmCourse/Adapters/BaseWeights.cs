using LlmCourse.Transformers;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>The parameters of a model by the module they are of.</summary>
internal sealed class BaseWeights(TransformerModel model)
{
    private readonly Dictionary<string, Parameter> _parameters = model.NamedParameters.ToDictionary(entry => entry.Name, entry => entry.Parameter, StringComparer.Ordinal);

    /// <summary>The weight of a module; of an output that is tied to the token table, the table.</summary>
    public Parameter Weight(NamedSite site) => _parameters.GetValueOrDefault(site.Site.Name + ".weight") ?? _parameters["embeddings.tokens.weight"];

    /// <summary>The bias of a module, or null; a constant one does not count.</summary>
    public Parameter? Bias(NamedSite site) => site.IsOutput && model.Config.Head.FrozenBias ? null : _parameters.GetValueOrDefault(site.Site.Name + ".bias");
}
