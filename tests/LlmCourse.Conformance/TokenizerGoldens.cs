using System.IO.Compression;
using System.Text.Json;
using LlmCourse.Tokenization;

namespace LlmCourse.Conformance;

/// <summary>Reads the reference's files about tokenizers and compares encodings with them.</summary>
internal static class TokenizerGoldens
{
    public static IEnumerable<JsonElement> Lines(string path)
    {
        using StreamReader reader = new(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        while (reader.ReadLine() is string line)
            yield return JsonDocument.Parse(line).RootElement;
    }

    public static JsonElement Gzip(string path)
    {
        using GZipStream stream = new(File.OpenRead(path), CompressionMode.Decompress);
        using JsonDocument document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }

    public static int[] Ints(this JsonElement element) => [.. element.EnumerateArray().Select(item => item.GetInt32())];

    public static int?[] NullableInts(this JsonElement element) =>
        [.. element.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Null ? (int?)null : item.GetInt32())];

    public static string[] Texts(this JsonElement element) => [.. element.EnumerateArray().Select(item => item.GetString()!)];

    /// <summary>Ranges, null where the reference does not give one.</summary>
    public static (int, int)?[] Ranges(this JsonElement element) =>
        [.. element.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Null ? ((int, int)?)null : (item[0].GetInt32(), item[1].GetInt32()))];

    public static string? Optional(this JsonElement element, string key) =>
        element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>What differs between two lists, or null.</summary>
    public static string? Difference<T>(string what, IReadOnlyList<T> expected, IReadOnlyList<T> actual)
    {
        int at = 0;
        while (at < expected.Count && at < actual.Count && EqualityComparer<T>.Default.Equals(expected[at], actual[at]))
            at++;
        return at == expected.Count && at == actual.Count
            ? null
            : $"{what} differ at {at}: expected [{string.Join(", ", expected)}], found [{string.Join(", ", actual)}]";
    }

    public static string? Difference(string what, string? expected, string? actual) =>
        string.Equals(expected, actual, StringComparison.Ordinal) ? null : $"{what}: expected {Quoted(expected)}, found {Quoted(actual)}";

    public static string Quoted(string? text) => text is null ? "null" : JsonSerializer.Serialize(text);

    /// <summary>Whatever differs from a reference encoding, or null.</summary>
    public static string? Difference(JsonElement expected, EncodedText actual, bool comparesOffsets)
    {
        string? difference = Difference("ids", expected.GetProperty("ids").Ints(), actual.Ids)
            ?? Difference("tokens", expected.GetProperty("tokens").Texts(), actual.Tokens)
            ?? Difference("type_ids", expected.GetProperty("type_ids").Ints(), actual.TypeIds)
            ?? Difference("attention_mask", expected.GetProperty("attention_mask").Ints(), actual.AttentionMask)
            ?? Difference("special_tokens_mask", expected.GetProperty("special_tokens_mask").Ints(), actual.SpecialTokensMask)
            ?? Difference("word_ids", expected.GetProperty("word_ids").NullableInts(), actual.WordIds)
            ?? Difference("sequence_ids", expected.GetProperty("sequence_ids").NullableInts(), actual.SequenceIds);
        if (difference is null && comparesOffsets)
            difference = OffsetDifference(expected, actual);
        JsonElement[] overflowing = expected.TryGetProperty("overflowing", out JsonElement parts) ? [.. parts.EnumerateArray()] : [];
        difference ??= Difference("overflowing (count)", [overflowing.Length], [actual.Overflowing.Count]);
        for (int i = 0; difference is null && i < overflowing.Length; i++)
        {
            difference = Difference(overflowing[i], actual.Overflowing[i], comparesOffsets);
            if (difference is not null)
                difference = $"overflowing[{i}]: {difference}";
        }

        return difference;
    }

    private static string? OffsetDifference(JsonElement expected, EncodedText actual)
    {
        (int, int)?[] utf16 = expected.GetProperty("offsets_utf16").Ranges();
        (int, int)?[] found = [.. actual.Offsets.Select(range => ((int, int)?)range)];
        int?[] sequences = expected.GetProperty("sequence_ids").NullableInts();
        for (int i = 0; i < found.Length && i < utf16.Length; i++)
        {
            // Where the reference takes a token to be of a third text, it converted its offsets with the wrong one.
            if (sequences[i] > 1)
                utf16[i] = null;
            if (utf16[i] is null)
                found[i] = null;
        }

        return Difference("offsets_utf16", utf16, found) ?? Difference("offsets", expected.GetProperty("offsets").Ranges(), [.. actual.CodePointOffsets().Select(range => ((int, int)?)range)]);
    }
}
