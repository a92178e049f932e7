using System.Collections.Concurrent;

namespace LlmCourse.Conformance;

/// <summary>Models of a class of tests, each loaded once; one that is not supported is skipped every time with the same reason.</summary>
public sealed class ModelFixtures : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<ModelFixture>> _loaded = new();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Lazy<ModelFixture> fixture in _loaded.Values.Where(fixture => fixture.IsValueCreated))
            fixture.Value.Dispose();
    }

    internal ModelFixture Of(string folder) => _loaded.GetOrAdd(folder, path => new Lazy<ModelFixture>(() => ModelFixture.Load(path))).Value;
}
