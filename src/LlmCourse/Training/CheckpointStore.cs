using System.Globalization;
using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Training.Optimizers;
using static TorchSharp.torch;

namespace LlmCourse.Training;

/// <summary>The checkpoints of a run: folders <c>step-…</c>, each whole or not there.</summary>
internal sealed class CheckpointStore(CheckpointOptions options)
{
    private const string StateFile = "training_state.json";
    private const string OptimizerFile = "optimizer.safetensors";
    private const string Prefix = "step-";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <summary>The last whole checkpoint, or null.</summary>
    public string? Last => Folders().LastOrDefault().Path;

    /// <summary>Writes a checkpoint, and then removes those that are not kept.</summary>
    public string Write(RunState state, ISaved saved, IOptimizer optimizer)
    {
        string path = Path.Combine(options.Folder, Prefix + state.Step.ToString("D8", CultureInfo.InvariantCulture));
        AtomicFolder.Write(path, StateFile, folder =>
        {
            saved.Write(folder);
            PendingWeight[] tensors = [.. optimizer.State.Select(entry => new PendingWeight(entry.Key, entry.Value.dtype, entry.Value.shape, () => entry.Value.alias()))];
            SafetensorsWriter.Write(Path.Combine(folder, OptimizerFile), tensors);
            File.WriteAllText(Path.Combine(folder, StateFile), JsonSerializer.Serialize(state, Json));
        });
        foreach ((long step, string old) in Folders().SkipLast(options.KeepLast))
        {
            if (step != state.BestStep)
                Directory.Delete(old, recursive: true);
        }

        return path;
    }

    /// <summary>How far the run was in a checkpoint.</summary>
    public static RunState ReadState(string folder) =>
        JsonSerializer.Deserialize<RunState>(JsonFile.Read(Path.Combine(folder, StateFile))) ?? throw new CheckpointException(folder, $"{StateFile} is empty.");

    /// <summary>Puts back what a checkpoint has of the weights and the optimizer.</summary>
    public static void Restore(string folder, ISaved saved, IOptimizer optimizer)
    {
        saved.Read(folder);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, OptimizerFile));
        optimizer.Load(key => file.Weights.ContainsKey(key) ? file.Read(key) : null);
    }

    private IEnumerable<(long Step, string Path)> Folders() => !Directory.Exists(options.Folder) ? [] :
        Directory.EnumerateDirectories(options.Folder, Prefix + "*")
            .Where(path => File.Exists(Path.Combine(path, StateFile)))
            .Select(path => (Known: long.TryParse(Path.GetFileName(path)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out long step), Step: step, Path: path))
            .Where(entry => entry.Known)
            .Select(entry => (entry.Step, entry.Path))
            .OrderBy(entry => entry.Step);
}
