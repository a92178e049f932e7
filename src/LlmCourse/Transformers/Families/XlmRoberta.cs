namespace LlmCourse.Transformers.Families;

/// <summary>XLM-RoBERTa (Conneau et al. 2020): RoBERTa with another vocabulary.</summary>
internal static class XlmRoberta
{
    public static Family Family { get; } = Roberta.Family with
    {
        ModelTypes = ["xlm-roberta"],
        Read = config => Roberta.Read(config, "XLMRobertaForMaskedLM"),
    };
}
