using System.Text.Json;
using System.Text.Json.Nodes;
using LlmCourse.Runtime;
using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Decoders;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Conformance;

/// <summary>Parts of tokenizer.json one by one, tiny whole tokenizers, and malformed files: <c>root/tokenizer-parts</c>.</summary>
[Trait("Kind", "TokenizerParts")]
public sealed class TokenizerPartsTests
{
    private const string Cases = ".cases.json.gz";

    private static readonly Lazy<Dictionary<string, JsonElement>> PartEntries = new(() => Present("parts.json.gz") is string path
        ? TokenizerGoldens.Gzip(path).EnumerateArray().ToDictionary(part => $"{part.GetProperty("kind").GetString()}/{part.GetProperty("name").GetString()}")
        : []);

    private static readonly Lazy<Dictionary<string, JsonElement>> MalformedEntries = new(() => Present("malformed.json") is string path
        ? Shared.Json(path).EnumerateArray().ToDictionary(file => file.GetProperty("name").GetString()!)
        : []);

    public static TheoryData<string> Parts() => Names(PartEntries.Value.Keys);

    public static TheoryData<string> Malformed() => Names(MalformedEntries.Value.Keys);

    public static TheoryData<string> Tiny() => Names(Present("tiny") is string folder
        ? Directory.EnumerateFiles(folder, "*" + Cases).Select(file => Path.GetFileName(file)[..^Cases.Length]).Order(StringComparer.Ordinal)
        : []);

    [SkippableTheory]
    [MemberData(nameof(Parts))]
    public void Part_gives_what_the_reference_gives(string part)
    {
        SkipIfAbsent(part);
        JsonElement entry = PartEntries.Value[part];
        string config = Resolved(entry.GetProperty("config")).ToJsonString();
        Func<JsonElement, string?> compare = entry.GetProperty("kind").GetString()! switch
        {
            "normalizer" => Normalizer(config),
            "pre_tokenizer" => PreTokenizer(config),
            "post_processor" => PostProcessor(entry),
            "decoder" => Decoder(config),
            var kind => throw new SkipException($"parts of kind '{kind}' are not supported yet"),
        };
        AssertNone([.. entry.GetProperty("cases").EnumerateArray().Select(compare)]);
    }

    [SkippableTheory]
    [MemberData(nameof(Tiny))]
    public void Tiny_tokenizer_gives_what_the_reference_gives(string name)
    {
        SkipIfAbsent(name);
        JsonElement cases = TokenizerGoldens.Gzip(Path.Combine(Present("tiny")!, name + Cases));
        PretrainedTokenizer tokenizer = LoadOrSkip(() => PretrainedTokenizer.Load(Path.Combine(Present("tiny")!, name + ".json")));
        bool comparesOffsets = !cases.TryGetProperty("offsets_defect", out JsonElement defect) || defect.ValueKind == JsonValueKind.Null;
        List<string?> differences =
        [
            TokenizerGoldens.Difference("vocabulary_size", [cases.GetProperty("vocabulary_size").GetInt32()], [tokenizer.VocabularySize]),
            TokenizerGoldens.Difference(
                "added_tokens",
                [.. cases.GetProperty("added_tokens").EnumerateArray().Select(Describe)],
                [.. tokenizer.AddedTokens.Select(Describe)]),
        ];
        differences.AddRange(All(cases, "encode").Select(expected => Encoding(tokenizer, expected, comparesOffsets)));
        differences.AddRange(All(cases, "batch").Select(expected => Batch(tokenizer, expected, comparesOffsets)));
        differences.AddRange(All(cases, "decode").Select(expected => Decoding(tokenizer, expected)));
        differences.AddRange(All(cases, "stream").Select(expected => Stream(tokenizer, expected)));
        AssertNone(differences);
    }

    [SkippableTheory]
    [MemberData(nameof(Malformed))]
    public void Malformed_file_is_treated_as_it_must_be(string name)
    {
        SkipIfAbsent(name);
        JsonElement file = MalformedEntries.Value[name];
        string must = file.GetProperty("must").GetString()!;
        string? probe = file.Optional("probe");
        int[]? ids = null;
        TokenizerException? error = null;
        try
        {
            PretrainedTokenizer tokenizer = PretrainedTokenizer.FromJson(file.GetProperty("json").GetString()!);
            ids = probe is null ? [] : [.. tokenizer.Encode(probe, null, tokenizer.FileOptions).Ids];
        }
        catch (TokenizerException caught)
        {
            error = caught;
        }

        string[] names = file.GetProperty("names").Texts();
        if (error is not null)
        {
            Assert.True(must != "accept", $"must be accepted, but: {error.Message}");
            Assert.True(names.Length == 0 || names.Any(part => error.Message.Contains(part, StringComparison.Ordinal)), $"the message names none of [{string.Join(", ", names)}]: {error.Message}");
            return;
        }

        Assert.True(must != "error", $"must be refused ({file.GetProperty("why").GetString()}), but gave [{string.Join(", ", ids!)}]");
        if (must != "error-or-own" && ReferenceIds(file) is int[] expected)
            Assert.Equal(expected, ids);
    }

    private static int[]? ReferenceIds(JsonElement file) =>
        file.TryGetProperty("reference", out JsonElement reference) && reference.ValueKind == JsonValueKind.Object
            && reference.TryGetProperty("encode", out JsonElement encode) && encode.TryGetProperty("ids", out JsonElement ids)
            ? ids.Ints() : null;

    private static TokenizerParts ReadWith(string section, string config) =>
        TokenizerJson.Read($$"""{"{{section}}": {{config}}, "model": {"type": "WordLevel", "vocab": {}, "unk_token": ""} }""");

    private static Func<JsonElement, string?> Normalizer(string config)
    {
        TokenizerParts parts = LoadOrSkip(() => ReadWith("normalizer", config));
        return expected =>
        {
            string text = expected.GetProperty("text").GetString()!;
            AlignedText normalized = parts.Normalizer!.Normalize(new AlignedText(text.AsMemory(), 0, isTracked: true));
            string? difference = TokenizerGoldens.Difference("normalized", expected.GetProperty("normalized").GetString(), normalized.ToString());
            if (difference is null && expected.TryGetProperty("alignment", out JsonElement alignment))
                difference = TokenizerGoldens.Difference("alignment", alignment.Ranges(), Alignment(text, normalized));
            return difference is null ? null : $"{TokenizerGoldens.Quoted(text)}: {difference}";
        };
    }

    /// <summary>Where each code point of the normalized text came from, in code points of the text.</summary>
    private static (int, int)?[] Alignment(string text, AlignedText normalized)
    {
        List<(int, int)?> places = [];
        for (int i = 0; i < normalized.Length; i++)
        {
            if (char.IsLowSurrogate(normalized.Span[i]))
                continue;
            (int start, int end) = normalized.PlaceAt(i);
            places.Add((Runes(text[..start]), Runes(text[..end])));
        }

        return [.. places];
    }

    private static int Runes(string text) => text.EnumerateRunes().Count();

    private static Func<JsonElement, string?> PreTokenizer(string config)
    {
        TokenizerParts parts = LoadOrSkip(() => ReadWith("pre_tokenizer", config));
        return expected =>
        {
            string text = expected.GetProperty("text").GetString()!;
            PieceList pieces = new(isTracked: true);
            pieces.Add(new(new AlignedText(text.AsMemory(), 0, isTracked: true), 0, text.Length, -1, 0));
            if (text.Length > 0)
                parts.PreTokenizer!.Apply(pieces);
            Piece[] found = [.. Enumerable.Range(0, pieces.Count).Select(i => pieces[i]).Where(piece => piece.End > piece.Start)];
            (int Start, int End)[] places = [.. found.Select(piece => piece.Text.Place(piece.Start, piece.End))];
            // An empty piece, which only the empty text gives, makes no tokens: ours has none.
            bool isEmpty = text.Length == 0;
            string? difference = TokenizerGoldens.Difference("pieces", isEmpty ? [] : expected.GetProperty("pieces").Texts(), [.. found.Select(piece => piece.Span.ToString())])
                ?? TokenizerGoldens.Difference("offsets_utf16", isEmpty ? [] : expected.GetProperty("offsets_utf16").Ranges(), [.. places.Select(place => ((int, int)?)place)])
                ?? TokenizerGoldens.Difference("offsets", isEmpty ? [] : expected.GetProperty("offsets").Ranges(), [.. places.Select(place => ((int, int)?)(Runes(text[..place.Start]), Runes(text[..place.End])))]);
            return difference is null ? null : $"{TokenizerGoldens.Quoted(text)}: {difference}";
        };
    }

    private static Func<JsonElement, string?> PostProcessor(JsonElement entry)
    {
        string file = Path.Combine(Present("")!, entry.GetProperty("tokenizer").GetString()!);
        JsonNode json = JsonNode.Parse(File.ReadAllText(file))!;
        if (entry.TryGetProperty("replace", out JsonElement replaced) && replaced.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty section in replaced.EnumerateObject())
                json[section.Name] = JsonNode.Parse(section.Value.GetRawText());
        }

        json["post_processor"] = Resolved(entry.GetProperty("config"));
        PretrainedTokenizer tokenizer = LoadOrSkip(() => PretrainedTokenizer.FromJson(json.ToJsonString()));
        return expected => Encoding(tokenizer, expected, comparesOffsets: true);
    }

    private static Func<JsonElement, string?> Decoder(string config)
    {
        TokenizerParts parts = LoadOrSkip(() => ReadWith("decoder", config));
        return expected =>
        {
            TextStream text = new();
            DecoderStream stream = parts.Decoder.Open(text);
            foreach (string token in expected.GetProperty("tokens").Texts())
                stream.Write(token, true);
            stream.Flush();
            string want = expected.Optional("text") ?? expected.GetProperty("want").GetString()!;
            string? difference = TokenizerGoldens.Difference("text", want, text.Take());
            return difference is null ? null : $"{expected.GetProperty("tokens").GetRawText()}: {difference}";
        };
    }

    private static string? Encoding(PretrainedTokenizer tokenizer, JsonElement expected, bool comparesOffsets)
    {
        (string text, string? pair) = (expected.GetProperty("text").GetString()!, expected.Optional("pair"));
        bool adds = !expected.TryGetProperty("add_special_tokens", out JsonElement flag) || flag.GetBoolean();
        string? difference;
        try
        {
            EncodedText encoded = tokenizer.Encode(text, pair, tokenizer.FileOptions with { AddSpecialTokens = adds });
            difference = expected.TryGetProperty("error", out JsonElement error)
                ? $"the reference fails with {error.GetRawText()}, ours gave [{string.Join(", ", encoded.Ids)}]"
                : TokenizerGoldens.Difference(expected, encoded, comparesOffsets);
        }
        catch (TokenizerException error)
        {
            difference = expected.TryGetProperty("error", out _) ? null : error.Message;
        }

        return difference is null ? null : $"encode {TokenizerGoldens.Quoted(text)}, {TokenizerGoldens.Quoted(pair)}: {difference}";
    }

    private static string? Batch(PretrainedTokenizer tokenizer, JsonElement expected, bool comparesOffsets)
    {
        JsonElement inputs = expected.GetProperty("inputs");
        (string, string?)[] texts = [.. inputs.EnumerateArray().Select(input => input.ValueKind == JsonValueKind.String
            ? (input.GetString()!, (string?)null)
            : (input[0].GetString()!, input[1].GetString()))];
        bool adds = !expected.TryGetProperty("add_special_tokens", out JsonElement flag) || flag.GetBoolean();
        IReadOnlyList<EncodedText> encoded;
        try
        {
            encoded = tokenizer.EncodeBatch(texts, tokenizer.FileOptions with { AddSpecialTokens = adds });
        }
        catch (TokenizerException error)
        {
            return expected.TryGetProperty("error", out _) ? null : $"batch {inputs.GetRawText()}: {error.Message}";
        }

        if (expected.TryGetProperty("error", out JsonElement failure))
            return $"batch {inputs.GetRawText()}: the reference fails with {failure.GetRawText()}";
        JsonElement[] encodings = [.. expected.GetProperty("encodings").EnumerateArray()];
        for (int i = 0; i < encodings.Length; i++)
        {
            if (TokenizerGoldens.Difference(encodings[i], encoded[i], comparesOffsets) is string difference)
                return $"batch {inputs.GetRawText()}[{i}]: {difference}";
        }

        return null;
    }

    private static string? Decoding(PretrainedTokenizer tokenizer, JsonElement expected)
    {
        int[] ids = Ids(expected.GetProperty("ids"));
        string? difference = TokenizerGoldens.Difference("text", expected.GetProperty("text").GetString(), tokenizer.Decode(ids, false))
            ?? TokenizerGoldens.Difference("text_skip_special", expected.GetProperty("text_skip_special").GetString(), tokenizer.Decode(ids, true));
        return difference is null ? null : $"decode [{string.Join(", ", ids)}]: {difference}";
    }

    private static string? Stream(PretrainedTokenizer tokenizer, JsonElement expected)
    {
        int[] ids = Ids(expected.GetProperty("ids"));
        int[] prompt = expected.TryGetProperty("prompt_ids", out JsonElement before) ? Ids(before) : [];
        bool skips = expected.GetProperty("skip_special_tokens").GetBoolean();
        IncrementalDecoder decoder = new(tokenizer, skips, prompt);
        string?[] pieces = [.. ids.Select(decoder.Push)];
        string joined = string.Concat(pieces) + decoder.Flush();
        string? broken = pieces.FirstOrDefault(piece => piece is not null && (char.IsHighSurrogate(piece[^1]) || char.IsLowSurrogate(piece[0])));
        string? difference = broken is null ? null : $"a piece breaks a character: {TokenizerGoldens.Quoted(broken)}";
        if (difference is null && prompt.Length == 0)
            difference = TokenizerGoldens.Difference("joined", tokenizer.Decode(ids, skips), joined);
        if (difference is null && expected.GetProperty("joined_equals_decode").GetBoolean())
            difference = TokenizerGoldens.Difference("joined", string.Concat(expected.GetProperty("pieces").EnumerateArray().Select(piece => piece.GetString())), joined);
        return difference is null ? null : $"stream [{string.Join(", ", prompt)}] + [{string.Join(", ", ids)}] (skip {skips}): {difference}";
    }

    /// <summary>The part's section with the values that stand in other files of the shared folder put in.</summary>
    private static JsonNode Resolved(JsonElement config)
    {
        if (config.ValueKind == JsonValueKind.Object && config.TryGetProperty("$file", out JsonElement file))
        {
            string path = Path.Combine(Shared.Folder ?? "", file.GetString()!);
            Skip.If(!File.Exists(path), $"{file.GetString()} is not in the shared folder");
            JsonElement at = Shared.Json(path);
            foreach (string step in config.GetProperty("$pointer").GetString()!.Split('/').Skip(1))
                at = at.ValueKind == JsonValueKind.Array ? at[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)] : at.GetProperty(step);
            return JsonNode.Parse(at.GetRawText())!;
        }

        return config.ValueKind switch
        {
            JsonValueKind.Object => new JsonObject(config.EnumerateObject().Select(member => KeyValuePair.Create<string, JsonNode?>(member.Name, Resolved(member.Value)))),
            JsonValueKind.Array => new JsonArray([.. config.EnumerateArray().Select(Resolved)]),
            _ => JsonNode.Parse(config.GetRawText())!,
        };
    }

    private static T LoadOrSkip<T>(Func<T> load)
    {
        try
        {
            return load();
        }
        catch (TokenizerException error) when (error.UnsupportedPart is not null)
        {
            Skip.If(true, $"not supported: {error.UnsupportedPart}");
            throw;
        }
    }

    private static string Describe(JsonElement token) => string.Join(
        ' ',
        token.GetProperty("id").GetInt32(),
        token.GetProperty("content").GetString(),
        token.GetProperty("single_word").GetBoolean(),
        token.GetProperty("lstrip").GetBoolean(),
        token.GetProperty("rstrip").GetBoolean(),
        token.GetProperty("normalized").GetBoolean(),
        token.GetProperty("special").GetBoolean());

    private static string Describe(AddedToken token) =>
        string.Join(' ', token.Id, token.Content, token.IsSingleWord, token.TakesLeft, token.TakesRight, token.IsNormalized, token.IsSpecial);

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => (int)Math.Min(int.MaxValue, id.GetInt64()))];

    private static JsonElement[] All(JsonElement cases, string key) =>
        cases.TryGetProperty(key, out JsonElement list) ? [.. list.EnumerateArray()] : [];

    private static void AssertNone(List<string?> differences)
    {
        string[] failures = [.. differences.OfType<string>()];
        Assert.True(failures.Length == 0, $"{failures.Length} of {differences.Count} cases differ; the first: {failures.FirstOrDefault()}");
    }

    private static string? Present(string name)
    {
        string path = Path.Combine(Shared.Root ?? "", "tokenizer-parts", name);
        return Shared.Root is not null && (File.Exists(path) || Directory.Exists(path)) ? path : null;
    }

    private static TheoryData<string> Names(IEnumerable<string> names)
    {
        TheoryData<string> data = [];
        foreach (string name in names)
            data.Add(name);
        if (data.Count == 0)
            data.Add("");
        return data;
    }

    private static void SkipIfAbsent(string name) =>
        Skip.If(name.Length == 0, Shared.Root is null ? Shared.NoRoot : "no such file under the root's tokenizer-parts");
}
