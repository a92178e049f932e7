using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlmCourse.Checkpoints;

/// <summary>The file that says which shard holds which tensor.</summary>
internal static class ShardIndex
{
    private const long SizeLimit = 100_000_000;

    /// <summary>The shard of every tensor. A shard is named by a plain file name: it cannot lie outside the folder.</summary>
    public static Dictionary<string, string> Read(string path)
    {
        byte[] text = ReadText(path);
        Dictionary<string, string> shardOf = new(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 16 });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
                throw new CheckpointException(path, "the index has no weight_map.");
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                if (entry.Value.ValueKind != JsonValueKind.String)
                    throw new CheckpointException(path, $"the file of tensor '{entry.Name}' is no string.");
                if (!shardOf.TryAdd(entry.Name, CheckName(path, entry.Value.GetString()!)))
                    throw new CheckpointException(path, $"tensor '{entry.Name}' is there twice.");
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(path, $"the index is damaged: {error.Message}", error);
        }

        return shardOf;
    }

    /// <summary>Writes the index as transformers does: sorted names, total size and number of parameters.</summary>
    public static void Write(string path, IReadOnlyList<PendingWeight> weights, IReadOnlyDictionary<string, string> shardOf)
    {
        JsonWriterOptions options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        AtomicFile.Write(path, stream =>
        {
            using (Utf8JsonWriter json = new(stream, options))
            {
                json.WriteStartObject();
                json.WriteStartObject("metadata");
                json.WriteNumber("total_parameters", weights.Sum(weight => weight.Elements));
                json.WriteNumber("total_size", weights.Sum(weight => weight.Bytes));
                json.WriteEndObject();
                json.WriteStartObject("weight_map");
                foreach ((string name, string shard) in shardOf.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                    json.WriteString(name, shard);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            stream.WriteByte((byte)'\n');
        });
    }

    private static byte[] ReadText(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            return length <= SizeLimit
                ? File.ReadAllBytes(path)
                : throw new CheckpointException(path, $"an index of {length} bytes is not plausible (limit {SizeLimit}).");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"the file cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Separators of every system are refused on every system, so that a folder means the same everywhere.</summary>
    private static string CheckName(string path, string shard) =>
        shard.Length == 0 || shard is "." or ".." || shard.AsSpan().IndexOfAny("/\\:\0") >= 0
            ? throw new CheckpointException(path, $"'{shard}' is no plain file name; a shard must lie in the index's own folder.")
            : shard;
}
