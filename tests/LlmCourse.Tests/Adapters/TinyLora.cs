using LlmCourse.Adapters;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Adapters;

/// <summary>A random adapter on every q and v of a model, or on its fused q, k, v.</summary>
internal sealed class TinyLora : IDisposable
{
    private readonly Dictionary<string, LoraDelta> _deltas = new(StringComparer.Ordinal);

    public TinyLora(TransformerModel model, int seed, params string[] ends)
    {
        using Generator generator = new((ulong)seed, CPU);
        string[] wanted = ends.Length > 0 ? ends : [".q", ".v", ".qkv"];
        foreach (AdapterSite site in model.Sites.Where(site => wanted.Any(end => site.Name.EndsWith(end, StringComparison.Ordinal))))
            _deltas.Add(site.Name, new LoraDelta(Random(generator, 3, site.Input), Random(generator, site.Output, 3), 0.5));
        Assert.NotEmpty(_deltas);
    }

    public IEnumerable<Parameter> Parameters => _deltas.Values.SelectMany(delta => new[] { delta.Down, delta.Up });

    public static ILinearAdapter Rows(params TinyLora?[] rows) => new RowAdapters([.. rows.Select(row => row?._deltas)]);

    public void Dispose()
    {
        foreach (LoraDelta delta in _deltas.Values)
            delta.Dispose();
    }

    private static Parameter Random(Generator generator, long rows, long columns)
    {
        using Tensor values = randn([rows, columns], device: CPU, generator: generator).mul_(0.5); // drawn on the host: the same on every device
        Parameter parameter = new(values.to(TestDevice.Device));
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
