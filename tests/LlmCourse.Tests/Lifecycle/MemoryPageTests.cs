using LlmCourse.Lifecycle;
using LlmCourse.Tests.Checkpoints;

namespace LlmCourse.Tests.Lifecycle;

/// <summary>The code of docs/memory.md, at work on a folder with nothing but a configuration.</summary>
public sealed class MemoryPageTests
{
    [Fact]
    public void The_page_s_code_plans()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "config.json"), FlanT5BaseTests.Config);

        MemoryPlan plan = MemoryPlanner.Plan(folder.Path, new() { BatchSize = 4, Length = 128 });
        Assert.Contains("loss", plan.ToString());
        Assert.True(plan.TimesTheWeights > 4);
        Assert.Equal(0.0141, MemoryPlanner.Plan(folder.Path, new() { Use = MemoryUse.Lora, Lora = new() { Rank = 32 } }).TrainedShare, 0.0001);
    }
}
