using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Training;
using LlmCourse.Training.Optimizers;
using static TorchSharp.torch;

namespace LlmCourse;

/// <summary>Adapters in a training checkpoint: every trained parameter under its own name.</summary>
internal sealed class SavedAdapters(IReadOnlyList<NamedParameter> parameters) : ISaved
{
    private const string File = "adapter.safetensors";
    private const string Advice = "Go on with the adapters that the run began with, made with the same options, or choose another folder for checkpoints.";
    private const int NamesInError = 5;

    public void Write(string folder) =>
        SafetensorsWriter.Write(Path.Combine(folder, File), [.. parameters.Select(parameter => PendingWeight.Of(parameter.Name, parameter.Value))]);

    public void Read(string folder)
    {
        string path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
            throw new CheckpointException(folder, $"there is no {File}: this checkpoint is of a run that trained something else than adapters. {Advice}");
        using SafetensorsFile file = SafetensorsFile.Open(path);
        RequireSame(file.Weights, path);
        using var noGrad = no_grad();
        foreach (NamedParameter parameter in parameters)
        {
            using Tensor target = parameter.Value.detach();
            file.CopyTo(parameter.Name, target);
        }
    }

    // Before anything is changed.
    private void RequireSame(IReadOnlyDictionary<string, WeightInfo> saved, string path)
    {
        string[] missing = [.. parameters.Where(parameter => !saved.ContainsKey(parameter.Name)).Select(parameter => parameter.Name)];
        string[] others = [.. saved.Keys.Except(parameters.Select(parameter => parameter.Name))];
        string[] misshaped = [.. parameters
            .Where(parameter => saved.TryGetValue(parameter.Name, out WeightInfo? weight) && !weight.Shape.AsSpan().SequenceEqual(parameter.Value.shape))
            .Select(parameter => $"{parameter.Name} is [{string.Join(", ", saved[parameter.Name].Shape)}] there and [{string.Join(", ", parameter.Value.shape)}] here")];
        if (missing.Length + others.Length + misshaped.Length == 0)
            return;
        throw new CheckpointException(path, "this checkpoint is of other adapters than those that are trained now:"
            + Listed("it lacks", missing) + Listed("it has", others) + Listed("of another shape:", misshaped) + $" {Advice}");
    }

    private static string Listed(string what, string[] names) => names.Length == 0 ? ""
        : $" {what} {string.Join(", ", names.Take(NamesInError))}{(names.Length > NamesInError ? $" and {names.Length - NamesInError} more" : "")}.";
}
