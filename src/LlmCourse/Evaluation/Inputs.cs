namespace LlmCourse.Evaluation;

/// <summary>What every comparison of two lists asks for.</summary>
internal static class Inputs
{
    public static void RequirePairs<T>(IReadOnlyList<T> predictions, IReadOnlyList<T> references)
    {
        ArgumentNullException.ThrowIfNull(predictions);
        ArgumentNullException.ThrowIfNull(references);
        if (predictions.Count != references.Count)
            throw new ArgumentException($"There are {predictions.Count} predictions and {references.Count} references: each prediction needs one.", nameof(references));
        if (predictions.Count == 0)
            throw new ArgumentException("There is nothing to score: no predictions.", nameof(predictions));
        RequireNoNull(predictions, nameof(predictions));
        RequireNoNull(references, nameof(references));
    }

    public static void RequireReferences<T>(IReadOnlyList<T> predictions, IReadOnlyList<IReadOnlyList<T>> references, bool sameNumber)
    {
        ArgumentNullException.ThrowIfNull(predictions);
        ArgumentNullException.ThrowIfNull(references);
        if (predictions.Count != references.Count)
        {
            throw new ArgumentException(
                $"There are {predictions.Count} predictions and references for {references.Count}: the outer list has an entry for each prediction, which lists its references.",
                nameof(references));
        }

        if (predictions.Count == 0)
            throw new ArgumentException("There is nothing to score: no predictions.", nameof(predictions));
        RequireNoNull(predictions, nameof(predictions));
        RequireNoNull(references, nameof(references));
        for (int i = 0; i < references.Count; i++)
        {
            RequireNoNull(references[i], $"{nameof(references)}[{i}]");
            if (references[i].Count == 0)
                throw new ArgumentException($"Prediction {i} has no reference.", nameof(references));
            if (sameNumber && references[i].Count != references[0].Count)
            {
                throw new ArgumentException(
                    $"Prediction {i} has {references[i].Count} references and prediction 0 has {references[0].Count}: a corpus score needs the same number for all.",
                    nameof(references));
            }
        }
    }

    public static void RequireNoNull<T>(IReadOnlyList<T> items, string name)
    {
        for (int i = 0; i < items.Count; i++)
        {
            if (items[i] is null)
                throw new ArgumentException($"{name}[{i}] is null.", name);
        }
    }
}
