using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>A table of vectors, looked up by row number.</summary>
internal sealed class Embedding(ParameterStore store, string path, long count, long size)
{
    public Weights Weight { get; } = store.Add(path + ".weight", count, size);

    /// <summary>The table as adapters address it.</summary>
    public AdapterSite Site { get; } = new(path, SiteKind.Table, count, size);

    /// <summary>All rows, [N, D].</summary>
    public Tensor Table(ForwardContext context) => context.UsesConstants ? Weight.Whole : Weight.Parts[0];

    /// <summary>ids [B, T] (or [T]) → [B, T, D] (or [T, D]).</summary>
    public Tensor Forward(Tensor ids, ForwardContext context)
    {
        Tensor table = Table(context);
        return context.Adapter is { } adapter && adapter.ActsOn(Site)
            ? adapter.Apply(new SiteModule(Site, table, null, context, (at, rows, _) => Rows(at, rows)), ids, null)
            : Rows(ids, table);
    }

    private static Tensor Rows(Tensor ids, Tensor table)
    {
        using Tensor flat = ids.reshape(-1);
        using Tensor rows = Kernels.Lookup(table, flat);
        return rows.reshape([.. ids.shape, table.size(1)]);
    }
}
