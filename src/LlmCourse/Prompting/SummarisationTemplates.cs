using LlmCourse.Data;

namespace LlmCourse.Prompting;

/// <summary>
/// The prompts of the course's first lab, character by character. Each has the field <c>{dialogue}</c>.
/// </summary>
public static class SummarisationTemplates
{
    /// <summary>The dialogue and nothing else: the model has to guess what is wanted.</summary>
    public static PromptTemplate DialogueOnly { get; } = new("{dialogue}");

    /// <summary>An instruction before, and a place for the answer after it.</summary>
    public static PromptTemplate Instruction { get; } = new("\nSummarize the following conversation.\n\n{dialogue}\n\nSummary:\n    ");

    /// <summary>A template that FLAN-T5 was trained with.</summary>
    public static PromptTemplate Flan { get; } = new("\nDialogue:\n\n{dialogue}\n\nWhat was going on?\n");

    /// <summary>
    /// <see cref="Flan"/> with its answer, for one-shot and few-shot prompts. The lab puts <see cref="ShotSeparator"/> between two.
    /// </summary>
    public static string FlanWithSummary => "\nDialogue:\n\n{dialogue}\n\nWhat was going on?\n{summary}";

    /// <summary>What the lab puts between an example and the next.</summary>
    public static string ShotSeparator => "\n\n\n";
}
