using System.Text.Json;

namespace LlmCourse.Generation;

/// <summary>Reads the keys of one JSON object leniently: a value of the wrong kind is noted in <see cref="Malformed"/> and left out.</summary>
internal sealed class GenerationConfigReader
{
    /// <summary>
    /// The keys of transformers that change results and have no counterpart here yet, each with the number that means "off" (null,
    /// false and empty always do). Keys that only say how beams work are not listed: without beams they do nothing.
    /// </summary>
    private static readonly (string Key, double? Off, bool SamplingOnly, Func<GenerationOptions, object?>? Override)[] UnsupportedKeys =
    [
        ("num_beams", 1, false, options => options.NumBeams),
        ("no_repeat_ngram_size", 0, false, options => options.NoRepeatNGramSize),
        ("encoder_no_repeat_ngram_size", 0, false, null),
        ("encoder_repetition_penalty", 1, false, null),
        ("bad_words_ids", null, false, null),
        ("force_words_ids", null, false, null),
        ("constraints", null, false, null),
        ("sequence_bias", null, false, null),
        ("suppress_tokens", null, false, null),
        ("begin_suppress_tokens", null, false, null),
        ("forced_decoder_ids", null, false, null),
        ("exponential_decay_length_penalty", null, false, null),
        ("guidance_scale", 1, false, null),
        ("penalty_alpha", 0, false, null),
        ("dola_layers", null, false, null),
        ("watermarking_config", null, false, null),
        ("remove_invalid_values", null, false, null),
        ("num_return_sequences", 1, false, null),
        ("max_time", null, false, null),
        ("min_p", 0, true, null),
        ("typical_p", 1, true, null),
        ("epsilon_cutoff", 0, true, null),
        ("eta_cutoff", 0, true, null),
        ("top_h", null, true, null),
    ];

    private readonly JsonElement? _source;
    private readonly string _file;
    private readonly Dictionary<string, DefaultRefusal> _malformed = new(StringComparer.Ordinal);

    public GenerationConfigReader(JsonElement? source, string file)
    {
        _file = file;
        if (source is null or { ValueKind: JsonValueKind.Object })
            _source = source;
        else
            _malformed[file] = new(file, $"{file}: a {source.Value.ValueKind} stands where an object is expected", false, null);
    }

    public IEnumerable<DefaultRefusal> Malformed => _malformed.Values;

    public IEnumerable<DefaultRefusal> Unsupported()
    {
        foreach ((string key, double? off, bool samplingOnly, Func<GenerationOptions, object?>? replaced) in UnsupportedKeys)
        {
            if (Find(key) is { } value && !IsOff(value, off))
                yield return new(key, $"{_file}: {key} = {Shown(value)} is not supported yet", samplingOnly, replaced);
        }
    }

    public int? Integer(string key, int least, Func<GenerationOptions, object?>? replaced, bool samplingOnly = false)
    {
        if (Find(key) is not { } value)
            return null;
        if (AsInteger(value) is { } number && number >= least)
            return number;
        return Refuse<int?>(key, value, $"a whole number, {least} or more", samplingOnly, replaced);
    }

    public double? Number(string key, Func<double, bool> isValid, Func<GenerationOptions, object?> replaced, bool samplingOnly = true)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && isValid(number))
            return number;
        return Refuse<double?>(key, value, "a number in its range", samplingOnly, replaced);
    }

    public bool? Flag(string key, Func<GenerationOptions, object?> replaced) =>
        Find(key) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : Refuse<bool?>(key, value, "true or false", false, replaced);

    public int? TokenId(string key, Func<GenerationOptions, object?>? replaced = null) =>
        // -1 is how the first Llama checkpoints spell "none".
        Find(key) is { } value && AsInteger(value) != -1 ? Integer(key, 0, replaced) : null;

    /// <summary>One id or a list of them; null where there is none.</summary>
    public IReadOnlyList<int>? TokenIds(string key, Func<GenerationOptions, object?> replaced)
    {
        if (Find(key) is not { ValueKind: JsonValueKind.Array } list)
            return TokenId(key, replaced) is { } single ? [single] : null;
        int?[] ids = [.. list.EnumerateArray().Select(AsInteger)];
        if (ids.All(id => id >= 0))
            return ids.Length == 0 ? null : [.. ids.Select(id => id!.Value)];
        return Refuse<IReadOnlyList<int>>(key, list, "a token id or a list of them", false, replaced);
    }

    /// <summary>One text or a list of them; null where there is none.</summary>
    public IReadOnlyList<string>? Texts(string key, Func<GenerationOptions, object?> replaced)
    {
        if (Find(key) is not { } value)
            return null;
        JsonElement[] items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        if (items.All(item => item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 }))
            return items.Length == 0 ? null : [.. items.Select(item => item.GetString()!)];
        return Refuse<IReadOnlyList<string>>(key, value, "a text or a list of them", false, replaced);
    }

    private static int? AsInteger(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            && number == Math.Floor(number) && number is >= int.MinValue and <= int.MaxValue ? (int)number : null;

    private static bool IsOff(JsonElement value, double? off) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Number => off is { } number && value.TryGetDouble(out double found) && found == number,
        _ => false,
    };

    private static string Shown(JsonElement value)
    {
        const int Most = 80;
        string text = value.GetRawText();
        return text.Length <= Most ? text : string.Concat(text.AsSpan(0, Most), "…");
    }

    private JsonElement? Find(string key) =>
        _source is { } source && source.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private T? Refuse<T>(string key, JsonElement value, string expected, bool samplingOnly, Func<GenerationOptions, object?>? replaced)
    {
        _malformed[key] = new(key, $"{_file}: {key} = {Shown(value)}, where {expected} is expected", samplingOnly, replaced);
        return default;
    }
}
