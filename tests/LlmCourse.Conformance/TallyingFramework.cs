using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: TestFramework("LlmCourse.Conformance.TallyingFramework", "LlmCourse.Conformance")]

namespace LlmCourse.Conformance;

/// <summary>xunit's own framework, with a <see cref="Tally"/> listening to what comes out. It changes no outcome.</summary>
public sealed class TallyingFramework(IMessageSink diagnostics) : XunitTestFramework(diagnostics)
{
    /// <inheritdoc/>
    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName) =>
        new Executor(assemblyName, SourceInformationProvider, DiagnosticMessageSink);

    private sealed class Executor(AssemblyName assembly, ISourceInformationProvider source, IMessageSink diagnostics)
        : XunitTestFrameworkExecutor(assembly, source, diagnostics)
    {
        protected override void RunTestCases(IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions) =>
            base.RunTestCases(testCases, new TallyingSink(executionMessageSink, DiagnosticMessageSink), executionOptions);
    }

    private sealed class TallyingSink(IMessageSink next, IMessageSink diagnostics) : LongLivedMarshalByRefObject, IMessageSink
    {
        private readonly Tally _tally = new();

        public bool OnMessage(IMessageSinkMessage message)
        {
            lock (_tally)
            {
                switch (message)
                {
                    case ITestPassed passed:
                        _tally.Passed(passed.TestCase);
                        break;
                    case ITestFailed failed:
                        _tally.Failed(failed.TestCase);
                        break;
                    case ITestSkipped skipped:
                        _tally.Skipped(skipped.TestCase, skipped.Reason);
                        break;
                    case ITestAssemblyFinished:
                        foreach (string line in _tally.Publish())
                            diagnostics.OnMessage(new DiagnosticMessage(line));
                        break;
                }
            }

            return next.OnMessage(message);
        }
    }
}
