using System.Text.Json;

namespace LlmCourse.Checkpoints;

/// <summary>Small JSON files beside the weights.</summary>
internal static class JsonFile
{
    private const long Limit = 64 << 20; // no configuration comes near

    public static JsonElement Read(string path)
    {
        if (new FileInfo(path).Length > Limit)
            throw new CheckpointException(path, $"it is larger than {Limit >> 20} MB, which no configuration is.");
        try
        {
            using FileStream stream = File.OpenRead(path);
            using JsonDocument document = JsonDocument.Parse(stream);
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw new CheckpointException(path, $"it is not JSON: {error.Message}", error);
        }
    }
}
