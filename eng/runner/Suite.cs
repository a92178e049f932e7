using System.Reflection;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace LlmCourse.Runner;

/// <summary>Finds and runs the tests of an assembly with xunit's own framework, or the one that the assembly names.</summary>
internal static class Suite
{
    public static void Run(Assembly assembly, TestFilter filter, Results results)
    {
        using TestFrameworkProxy framework = new(Reflector.Wrap(assembly), new NoSources(), new Sink<IMessageSinkMessage>(_ => { }));
        Options options = new();
        List<ITestCase> found = [];
        using (ITestFrameworkDiscoverer discoverer = framework.GetDiscoverer(Reflector.Wrap(assembly)))
        {
            Sink<IDiscoveryCompleteMessage> discovery = new(message =>
            {
                if (message is ITestCaseDiscoveryMessage one && filter.Takes(one.TestCase))
                    found.Add(one.TestCase);
            });
            discoverer.Find(includeSourceInformation: false, discovery, options);
            discovery.Wait();
            using ITestFrameworkExecutor executor = framework.GetExecutor(assembly.GetName());
            Sink<ITestAssemblyFinished> execution = new(results.Take);
            executor.RunTests(found, execution, options);
            execution.Wait();
        }
    }

    /// <summary>Passes every message on, one at a time, and knows when the last has come.</summary>
    private sealed class Sink<TLast>(Action<IMessageSinkMessage> take) : LongLivedMarshalByRefObject, IMessageSink
    {
        private readonly TaskCompletionSource _last = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _gate = new();

        public void Wait() => _last.Task.GetAwaiter().GetResult();

        public bool OnMessage(IMessageSinkMessage message)
        {
            lock (_gate)
                take(message);
            if (message is TLast)
                _last.TrySetResult();
            return true;
        }
    }

    private sealed class NoSources : LongLivedMarshalByRefObject, ISourceInformationProvider
    {
        public ISourceInformation GetSourceInformation(ITestCase testCase) => new SourceInformation();

        public void Dispose()
        {
        }
    }

    /// <summary>Nothing is set: xunit's defaults hold.</summary>
    private sealed class Options : LongLivedMarshalByRefObject, ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        private readonly Dictionary<string, object?> _values = [];

        public TValue GetValue<TValue>(string name) => _values.TryGetValue(name, out object? value) ? (TValue)value! : default!;

        public void SetValue<TValue>(string name, TValue value) => _values[name] = value;
    }
}
