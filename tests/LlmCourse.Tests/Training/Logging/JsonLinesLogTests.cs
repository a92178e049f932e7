using LlmCourse.Tests.Checkpoints;
using LlmCourse.Training.Logging;

namespace LlmCourse.Tests.Training.Logging;

public sealed class JsonLinesLogTests
{
    [Fact]
    public void Each_event_is_a_line_that_is_there_at_once()
    {
        using TemporaryFolder folder = new();
        string path = folder[Path.Combine("runs", "log.jsonl")];
        using JsonLinesLog log = new(path);
        log.Write(1, new Dictionary<string, double> { ["loss"] = 2.25, ["a \"name\""] = -1e-9 });
        Assert.Equal("{\"step\":1,\"loss\":2.25,\"a \\u0022name\\u0022\":-1E-09}\n", Read(path));
        log.Write(2, new Dictionary<string, double> { ["loss"] = double.NaN, ["norm"] = double.PositiveInfinity, ["low"] = double.NegativeInfinity });
        Assert.EndsWith("}\n{\"step\":2,\"loss\":\"NaN\",\"norm\":\"Infinity\",\"low\":\"-Infinity\"}\n", Read(path), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => log.Write(3, new Dictionary<string, double> { ["step"] = 1 }));
    }

    [Theory]
    [InlineData("{\"step\":1}\n", "{\"step\":1}\n{\"step\":2}\n")]
    [InlineData("{\"step\":1}\n{\"st", "{\"step\":1}\n{\"st\n{\"step\":2}\n")] // cut in the middle of a line
    public void A_later_run_adds_whole_lines(string before, string after)
    {
        using TemporaryFolder folder = new();
        string path = folder["log.jsonl"];
        File.WriteAllText(path, before);
        using (JsonLinesLog log = new(path))
            log.Write(2, new Dictionary<string, double>());
        Assert.Equal(after, Read(path));
    }

    private static string Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using StreamReader reader = new(file);
        return reader.ReadToEnd();
    }
}
