using LlmCourse.Transformers;

namespace LlmCourse;

/// <summary>A model under a façade.</summary>
internal static class LoadedModel
{
    /// <summary>The model, if its head is the one that a façade needs and it has a tokenizer.</summary>
    /// <param name="llm">The model.</param>
    /// <param name="head">The head.</param>
    /// <param name="need">What is done and what that takes, for the message.</param>
    /// <exception cref="ArgumentException">It has another head.</exception>
    /// <exception cref="InvalidOperationException">It has no tokenizer.</exception>
    public static Llm WithHead(Llm llm, HeadKind head, string need)
    {
        ArgumentNullException.ThrowIfNull(llm);
        if (llm.Model.Config.Head.Kind != head)
            throw new ArgumentException($"{need}, and the model's head is {llm.Model.Config.Head.Kind}.", nameof(llm));
        _ = llm.Tokenizer;
        return llm;
    }

    /// <summary>Builds what owns a model; where that throws, the model is freed.</summary>
    public static T Use<T>(Llm llm, Func<Llm, T> build)
    {
        try
        {
            return build(llm);
        }
        catch
        {
            llm.Dispose();
            throw;
        }
    }
}
