namespace LlmCourse;

/// <summary>A model that was loaded for a façade, which owns it.</summary>
internal static class LoadedModel
{
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
