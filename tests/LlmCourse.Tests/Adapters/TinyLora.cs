using LlmCourse.Adapters;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Adapters;

/// <summary>A random adapter on every q and v of a model, or on its fused q, k, v.</summary>
internal sealed class TinyLora : IDisposable
{
    private readonly Adapter _adapter;

    public TinyLora(TransformerModel model, int seed, params string[] ends)
    {
        using var scope = NewDisposeScope();
        using Generator generator = new((ulong)seed, CPU);
        string[] wanted = ends.Length > 0 ? ends : ["q", "v", "qkv"];
        _adapter = new Adapter($"tiny{seed}", AdapterMethod.Lora, new LoraOptions { Rank = 3, Alpha = 1.5 }, [.. new AdapterSites(model, null).All
            .Where(site => site.Site.Kind == SiteKind.Linear && wanted.Any(site.IsCalled))
            .Select(site => KeyValuePair.Create<NamedSite, SiteChange>(site, new LowRankChange(Random(generator, 3, site.Site.Input), Random(generator, site.Site.Output, 3), 0.5)))]);
        Assert.NotEmpty(_adapter.Modules);
    }

    public IEnumerable<Parameter> Parameters => _adapter.Parameters.Select(parameter => parameter.Value);

    public static IAdapter Rows(params TinyLora?[] rows) => RowAdapters.Of([.. rows.Select(row => row is null ? [] : new[] { row._adapter })]);

    public void Dispose() => _adapter.Dispose();

    // Drawn on the host: the same on every device.
    private static Tensor Random(Generator generator, long rows, long columns) => randn([rows, columns], device: CPU, generator: generator).mul_(0.5).to(TestDevice.Device);
}
