using System.Text;
using System.Text.Json;
using System.Text.Unicode;

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
            ReadOnlyMemory<byte> bytes = File.ReadAllBytes(path);
            if (!Utf8.IsValid(bytes.Span)) // the parser lets it pass, and reading such a string throws later
                throw new CheckpointException(path, "it is not UTF-8 text.");
            if (bytes.Span.StartsWith(Encoding.UTF8.Preamble))
                bytes = bytes[Encoding.UTF8.Preamble.Length..];
            using JsonDocument document = JsonDocument.Parse(bytes);
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw new CheckpointException(path, $"it is not JSON: {error.Message}", error);
        }
    }
}
