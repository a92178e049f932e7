namespace LlmCourse.Encoders;

/// <summary>A label and how sure the model is of it.</summary>
/// <param name="Label">Its name in the model's configuration, or LABEL_i where it has none.</param>
/// <param name="Score">A probability; of a regression the predicted number itself.</param>
public sealed record LabelScore(string Label, double Score);
