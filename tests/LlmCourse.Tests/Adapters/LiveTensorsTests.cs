using LlmCourse.Adapters;
using LlmCourse.Tests.Checkpoints;

namespace LlmCourse.Tests.Adapters;

/// <summary>What is done to adapters, apart from training and reading with them, leaves no tensor to the collector.</summary>
[Collection(ProcessWide.Name)]
public sealed class LiveTensorsTests
{
    [SkippableTheory]
    [InlineData("gpt2")] // its matrices are turned
    [InlineData("llama")]
    [InlineData("t5")]
    public void Adapters_that_come_and_go(string family)
    {
        using TemporaryFolder folder = TinyLlm.Folder(family), place = new();
        using Llm llm = Llm.FromConfig(folder.Path, 1, new LoadOptions { Device = TestDevice.Device });
        ProcessWide.LeavesNoTensorsToCollect(() =>
        {
            llm.Adapters.AddLora("plain", new LoraOptions { Rank = 2, Targets = [LoraOptions.AllLinear] });
            llm.Adapters.AddLora("dora", new LoraOptions { Rank = 2, Dora = true });
            llm.Adapters.AddLora("pissa", new LoraOptions { Rank = 2, Initialization = LoraInitialization.Pissa });
            llm.Adapters.AddIa3("ia3");
            llm.Adapters.AddAdaLora("ada", new AdaLoraOptions { TotalSteps = 10, InitialRank = 3, TargetRank = 2 });
            llm.Adapters.AddPromptTuning("prompt", new PromptTuningOptions { VirtualTokens = 2 });
            llm.Adapters.AddPrefixTuning("prefix", new PrefixTuningOptions { VirtualTokens = 2 });
            llm.Adapters.AddPTuning("p", new PTuningOptions { VirtualTokens = 2 });
            llm.Adapters.Combine("both", [("plain", 0.5), ("pissa", 0.5)], new CombinationOptions { Method = CombinationMethod.Svd });
            foreach (string name in llm.Adapters.Names.ToArray())
            {
                llm.Adapters.Save(name, place[name]);
                llm.Adapters.Load("again", place[name]);
                llm.Adapters.Copy("again", "copy");
                if (llm.Adapters["again"].VirtualTokens == 0)
                {
                    llm.Adapters.Merge("again");
                    llm.Adapters.Unmerge("again");
                }

                llm.Adapters.Remove("copy");
                llm.Adapters.Remove("again");
                llm.Adapters.Remove(name);
            }
        });
    }
}
