using LlmCourse.Checkpoints;
using LlmCourse.Training;
using LlmCourse.Transformers;
using static TorchSharp.torch;

namespace LlmCourse;

/// <summary>A whole model in a training checkpoint: a Hugging Face folder, or the weights under their own names where it has no such form.</summary>
internal sealed class SavedModel(TransformerModel model, Pretrained? pretrained, ModelFiles files) : ISaved
{
    private const string WeightsFile = "model.safetensors";

    public void Write(string folder)
    {
        files.Write(folder);
        if (pretrained is not null)
            pretrained.Write(folder, 5L << 30);
        else
            SafetensorsWriter.Write(Path.Combine(folder, WeightsFile), [.. model.NamedParameters.Select(entry => new PendingWeight(entry.Name, entry.Parameter.dtype, entry.Parameter.shape, entry.Parameter.detach))]);
    }

    public void Read(string folder)
    {
        if (pretrained is not null)
        {
            pretrained.Reload(folder);
            return;
        }

        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        using var noGrad = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.NamedParameters)
        {
            using var scope = NewDisposeScope();
            if (!file.Weights.ContainsKey(name))
                throw new CheckpointException(folder, $"there is no tensor {name}.");
            Tensor stored = file.Read(name);
            if (!stored.shape.AsSpan().SequenceEqual(parameter.shape))
                throw new CheckpointException(folder, $"{name} is [{string.Join(", ", stored.shape)}], the model's is [{string.Join(", ", parameter.shape)}].");
            parameter.copy_(stored);
        }
    }
}
