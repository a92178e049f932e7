using System.Text.Json;

namespace LlmCourse.Generation;

/// <summary>Reads the keys of one JSON object leniently: a value of the wrong kind is noted in <see cref="Malformed"/> and left out.</summary>
internal sealed class GenerationConfigReader
{
    /// <summary>
    /// The keys of transformers that change results and have no counterpart here, each with the number that means "off" (null, false and empty
    /// always do). Keys that only change how fast the same result comes (assistants, caches) are not listed.
    /// </summary>
    private static readonly (string Key, double? Off, DefaultScope For)[] UnsupportedKeys =
    [
        ("force_words_ids", null, DefaultScope.Everywhere),
        ("constraints", null, DefaultScope.Everywhere),
        ("forced_decoder_ids", null, DefaultScope.Everywhere),
        ("penalty_alpha", 0, DefaultScope.Everywhere),
        ("dola_layers", null, DefaultScope.Everywhere),
        ("watermarking_config", null, DefaultScope.Everywhere),
        ("token_healing", null, DefaultScope.Everywhere),
        ("max_time", null, DefaultScope.Everywhere),
        ("num_beam_groups", 1, DefaultScope.Beams),
        ("diversity_penalty", 0, DefaultScope.Beams),
    ];

    private readonly JsonElement? _source;
    private readonly string _file;
    private readonly Dictionary<string, DefaultRefusal> _malformed = new(StringComparer.Ordinal);

    private readonly IReadOnlyCollection<string> _ignored;

    /// <param name="source">The object; null where there is none.</param>
    /// <param name="file">What it is called in messages.</param>
    /// <param name="ignored">Keys to do as if they were not there.</param>
    public GenerationConfigReader(JsonElement? source, string file, IReadOnlyCollection<string> ignored)
    {
        _file = file;
        _ignored = ignored;
        if (source is null or { ValueKind: JsonValueKind.Object })
            _source = source;
        else if (!ignored.Contains(file))
            _malformed[file] = new(file, $"{file}: a {source.Value.ValueKind} stands where an object is expected", DefaultScope.Everywhere, null);
    }

    public IEnumerable<DefaultRefusal> Malformed => _malformed.Values;

    public IEnumerable<DefaultRefusal> Unsupported()
    {
        foreach ((string key, double? off, DefaultScope scope) in UnsupportedKeys)
        {
            if (Find(key) is { } value && !IsOff(value, off))
                yield return new(key, $"{_file}: {key} = {Shown(value)} is not supported", scope, null);
        }
    }

    public int? Integer(string key, int least, Func<GenerationOptions, object?>? replaced, DefaultScope scope = DefaultScope.Everywhere)
    {
        if (Find(key) is not { } value)
            return null;
        if (AsInteger(value) is { } number && number >= least)
            return number;
        return Refuse<int?>(key, value, $"a whole number, {least} or more", scope, replaced);
    }

    public double? Number(string key, Func<double, bool> isValid, Func<GenerationOptions, object?> replaced, DefaultScope scope = DefaultScope.Everywhere)
    {
        if (Find(key) is not { } value)
            return null;
        return AsNumber(value) is { } number && isValid(number) ? number : Refuse<double?>(key, value, "a number in its range", scope, replaced);
    }

    public bool? Flag(string key, Func<GenerationOptions, object?> replaced) =>
        Find(key) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : Refuse<bool?>(key, value, "true or false", DefaultScope.Everywhere, replaced);

    public EarlyStopping? EarlyStopping(string key, Func<GenerationOptions, object?> replaced) =>
        Find(key) is not { } value ? null
        : value.ValueKind is JsonValueKind.True ? Generation.EarlyStopping.True
        : value.ValueKind is JsonValueKind.False ? Generation.EarlyStopping.False
        : value.ValueKind is JsonValueKind.String && value.GetString() == "never" ? Generation.EarlyStopping.Never
        : Refuse<EarlyStopping?>(key, value, "true, false or \"never\"", DefaultScope.Beams, replaced);

    public int? TokenId(string key, Func<GenerationOptions, object?>? replaced = null) =>
        // -1 is how the first Llama checkpoints spell "none".
        Find(key) is { } value && AsInteger(value) != -1 ? Integer(key, 0, replaced) : null;

    /// <summary>A list of sequences of tokens.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? Sequences(string key, Func<GenerationOptions, object?> replaced)
    {
        if (Find(key) is not { } value)
            return null;
        IReadOnlyList<int>?[] found = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(Ids)] : [null];
        return found.All(ids => ids is { Count: > 0 }) ? [.. found.Select(ids => ids!)]
            : Refuse<IReadOnlyList<IReadOnlyList<int>>>(key, value, "a list of lists of token ids", DefaultScope.Everywhere, replaced);
    }

    /// <summary>A list of pairs: a sequence of tokens and a number.</summary>
    public IReadOnlyList<SequenceBias>? Biases(string key, Func<GenerationOptions, object?> replaced)
    {
        if (Find(key) is not { } value)
            return null;
        SequenceBias?[] found = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(AsBias)] : [null];
        return found.All(bias => bias is not null) ? [.. found.Select(bias => bias!)]
            : Refuse<IReadOnlyList<SequenceBias>>(key, value, "a list of [[token ids], number]", DefaultScope.Everywhere, replaced);
    }

    public ExponentialDecay? Decay(string key, Func<GenerationOptions, object?> replaced)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2 && AsInteger(value[0]) is { } start && AsNumber(value[1]) is { } factor
            && new ExponentialDecay(start, factor) is var decay && GenerationOptions.IsDecay(decay))
            return decay;
        return Refuse<ExponentialDecay>(key, value, "[start, factor]", DefaultScope.Everywhere, replaced);
    }

    /// <summary>One id or a list of them; null where there is none.</summary>
    public IReadOnlyList<int>? TokenIds(string key, Func<GenerationOptions, object?> replaced)
    {
        if (Find(key) is not { ValueKind: JsonValueKind.Array } list)
            return TokenId(key, replaced) is { } single ? [single] : null;
        return Ids(list) is { } ids ? ids.Count == 0 ? null : ids
            : Refuse<IReadOnlyList<int>>(key, list, "a token id or a list of them", DefaultScope.Everywhere, replaced);
    }

    /// <summary>One text or a list of them; null where there is none.</summary>
    public IReadOnlyList<string>? Texts(string key, Func<GenerationOptions, object?> replaced)
    {
        if (Find(key) is not { } value)
            return null;
        JsonElement[] items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        if (items.All(item => item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 }))
            return items.Length == 0 ? null : [.. items.Select(item => item.GetString()!)];
        return Refuse<IReadOnlyList<string>>(key, value, "a text or a list of them", DefaultScope.Everywhere, replaced);
    }

    private static IReadOnlyList<int>? Ids(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
            return null;
        int?[] ids = [.. list.EnumerateArray().Select(AsInteger)];
        return ids.All(id => id >= 0) ? [.. ids.Select(id => id!.Value)] : null;
    }

    private static SequenceBias? AsBias(JsonElement pair) =>
        pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2 && Ids(pair[0]) is { Count: > 0 } ids
            && AsNumber(pair[1]) is { } bias && GenerationOptions.IsBias(bias) ? new SequenceBias(ids, bias) : null;

    // JSON has no infinity; Python's writer spells it as a bare word, which is no JSON, and so do texts.
    private static double? AsNumber(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number
        : value.ValueKind == JsonValueKind.String && value.GetString() is "-inf" or "-Infinity" ? double.NegativeInfinity : null;

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
        _source is { } source && !_ignored.Contains(key) && source.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private T? Refuse<T>(string key, JsonElement value, string expected, DefaultScope scope, Func<GenerationOptions, object?>? replaced)
    {
        _malformed[key] = new(key, $"{_file}: {key} = {Shown(value)}, where {expected} is expected", scope, replaced);
        return default;
    }
}
