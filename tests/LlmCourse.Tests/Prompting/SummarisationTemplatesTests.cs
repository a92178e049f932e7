using LlmCourse.Prompting;

namespace LlmCourse.Tests.Prompting;

public sealed class SummarisationTemplatesTests
{
    [Fact]
    public void The_lab_s_prompts_are_reproduced_exactly()
    {
        Assert.Equal("A: Hi.", SummarisationTemplates.DialogueOnly.Format(("dialogue", "A: Hi.")));
        Assert.Equal(
            "\nSummarize the following conversation.\n\nA: Hi.\n\nSummary:\n    ", SummarisationTemplates.Instruction.Format(("dialogue", "A: Hi.")));
        Assert.Equal("\nDialogue:\n\nA: Hi.\n\nWhat was going on?\n", SummarisationTemplates.Flan.Format(("dialogue", "A: Hi.")));
    }
}
