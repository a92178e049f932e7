using LlmCourse.Transformers;

namespace LlmCourse.Adapters;

/// <summary>A module of a model under both of its names.</summary>
/// <param name="Site">The module, and our name.</param>
/// <param name="Module">The checkpoint's name; ours where the model has no checkpoint.</param>
/// <param name="Transposed">Whether the checkpoint stores its weight as [input, output].</param>
internal sealed record NamedSite(AdapterSite Site, string Module, bool Transposed)
{
    /// <summary>Whether an output of the model's head is meant, which adapters of all linear maps leave alone.</summary>
    public bool IsOutput => Site.Name == "head.output";

    /// <summary>Whether a name or the end of one is this module's, in either language.</summary>
    public bool IsCalled(string name) => Ends(Site.Name, name) || Ends(Module, name);

    /// <summary>Whether a name or the end of one is the checkpoint's for this module.</summary>
    public bool IsModule(string name) => Ends(Module, name);

    /// <summary>
    /// What peft has to be told of it: itself; of a table that an encoder and a decoder share, their two, since a wrapper around the
    /// shared one is not what they read.
    /// </summary>
    public IEnumerable<NamedSite> Tables(TransformerModel model)
    {
        const string Shared = "shared";
        return Site.Kind == SiteKind.Table && model.Config is { Encoder: not null, Decoder: not null } && Module.EndsWith(Shared, StringComparison.Ordinal)
            ? [this with { Module = Module[..^Shared.Length] + "encoder.embed_tokens" }, this with { Module = Module[..^Shared.Length] + "decoder.embed_tokens" }]
            : [this];
    }

    private static bool Ends(string full, string end) =>
        full.EndsWith(end, StringComparison.Ordinal) && (full.Length == end.Length || full[^(end.Length + 1)] == '.');
}
