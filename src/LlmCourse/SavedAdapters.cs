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

    public void Write(string folder) =>
        SafetensorsWriter.Write(Path.Combine(folder, File), [.. parameters.Select(parameter => PendingWeight.Of(parameter.Name, parameter.Value))]);

    public void Read(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, File));
        using var noGrad = no_grad();
        foreach (NamedParameter parameter in parameters)
        {
            using Tensor target = parameter.Value.detach();
            file.CopyTo(parameter.Name, target);
        }
    }
}
