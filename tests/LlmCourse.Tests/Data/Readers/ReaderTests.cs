using System.Text;
using LlmCourse.Data;
using LlmCourse.Tests.Checkpoints;

namespace LlmCourse.Tests.Data;

/// <summary>What the tests of all readers need: a file, its rows, and what was left out.</summary>
public abstract class ReaderTests : IDisposable
{
    private protected TemporaryFolder Folder { get; } = new();

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected string Put(string name, string text) => Folder.Write(name, Encoding.UTF8.GetBytes(text));

    private protected static DataException Refused(Records records) => Assert.Throws<DataException>(() => records.Count());

    private protected static ReadOptions LeaveOut(List<MalformedRow> left) => new() { MalformedRows = MalformedRows.LeaveOut, Report = new Ear(left) };

    private sealed class Ear(List<MalformedRow> left) : IProgress<MalformedRow>
    {
        public void Report(MalformedRow value) => left.Add(value);
    }
}
