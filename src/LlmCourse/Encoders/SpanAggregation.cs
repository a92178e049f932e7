namespace LlmCourse.Encoders;

/// <summary>How labels of tokens become labels of words and of what several words name, in the words of transformers' <c>aggregation_strategy</c>.</summary>
public enum SpanAggregation
{
    /// <summary>A word has the label of its first token; neighbouring words of one label, and B- and I- of it, are joined.</summary>
    First,

    /// <summary>A word has the label whose mean over its tokens is largest; words are joined.</summary>
    Average,

    /// <summary>A word has the label of its surest token; words are joined.</summary>
    Max,

    /// <summary>Tokens are joined as they are, whatever words they are of.</summary>
    Simple,

    /// <summary>Every token stands for itself, and its label keeps its B- or I-.</summary>
    None,
}
