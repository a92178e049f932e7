using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Runtime;
using LlmCourse.Tokenization;

namespace LlmCourse.Conformance;

/// <summary>Whole tokenizers against <c>root/tokenizers/NAME[.what].jsonl.gz</c>; the files of NAME are in the shared folder.</summary>
[Trait("Kind", "Tokenizers")]
public sealed class TokenizersTests
{
    private const string Suffix = ".jsonl.gz";

    private static readonly string[] Models = ["spiece.model", "tokenizer.model"];

    public static TheoryData<string> Files() => new(References().DefaultIfEmpty(""));

    /// <summary>The reference files of tokenizers that have a SentencePiece model too; what is about changed flags of tokenizer.json aside.</summary>
    public static TheoryData<string> SentencePieceFiles() => new(References()
        .Where(file => !file.Contains(".normalized-true.", StringComparison.Ordinal) && Models.Any(model => File.Exists(Path.Combine(Shared.Folder ?? "", "tokenizers", file.Split('.')[0], model))))
        .DefaultIfEmpty(""));

    /// <summary>Every GGUF file beside a tokenizer.json in a model's folder, with every reference file about that tokenizer.</summary>
    public static TheoryData<string, string> GgufFiles()
    {
        TheoryData<string, string> files = [];
        string models = Path.Combine(Shared.Folder ?? "", "models");
        foreach (string folder in Directory.Exists(models) ? Directory.GetDirectories(models).Order(StringComparer.Ordinal).ToArray() : [])
        {
            if (!File.Exists(Path.Combine(folder, "tokenizer.json")))
                continue;
            foreach (string gguf in Directory.EnumerateFiles(folder, "*.gguf").Order(StringComparer.Ordinal))
            {
                foreach (string file in References().Where(file => file.StartsWith(Path.GetFileName(folder) + '.', StringComparison.Ordinal)))
                    files.Add(Path.GetRelativePath(models, gguf), file);
            }
        }

        if (files.Count == 0)
            files.Add("", "");
        return files;
    }

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public void Tokenizer_gives_what_the_reference_gives(string file)
    {
        Skip.If(file.Length == 0, Shared.Root is null ? Shared.NoRoot : "no tokenizers folder under the root");
        (string folder, string what) = Find(file[..^Suffix.Length]);
        Compare(Load(folder, what), file, what);
    }

    /// <summary>The SentencePiece model beside a tokenizer.json says the same, offsets included.</summary>
    [SkippableTheory]
    [MemberData(nameof(SentencePieceFiles))]
    public void SentencePiece_model_gives_what_the_reference_gives(string file)
    {
        Skip.If(file.Length == 0, "no tokenizer with a SentencePiece model and a reference file");
        (string folder, string what) = Find(file[..^Suffix.Length]);
        Compare(LoadSentencePiece(folder), file, what);
    }

    private static void Compare(PretrainedTokenizer tokenizer, string file, string what)
    {
        string path = Path.Combine(Shared.Root!, "tokenizers", file);
        Func<PretrainedTokenizer, JsonElement, string?> compare = what switch
        {
            "" or "normalized-true" => Text,
            "dialogsum" => Referenced,
            "pairs" => Pair,
            "truncation" => Batch,
            "offsets" => Offsets,
            "decode" => Decoding,
            "sentencepiece-differences" => OtherThanSentencePiece(path[..^(what.Length + 1 + Suffix.Length)] + Suffix),
            _ => throw new SkipException($"nothing is compared with files about '{what}' yet"),
        };
        int line = 0;
        List<string> failures = [];
        foreach (JsonElement expected in TokenizerGoldens.Lines(path))
        {
            if (compare(tokenizer, expected) is string difference)
                failures.Add($"line {line}: {difference}");
            line++;
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {line} lines differ; the first: {failures.FirstOrDefault()}");
    }

    /// <summary>What is compared is the ids: a GGUF file does not say what a post-processor does to offsets.</summary>
    [SkippableTheory]
    [MemberData(nameof(GgufFiles))]
    public void Vocabulary_inside_a_gguf_file_gives_the_ids_of_the_tokenizer_beside_it(string gguf, string file)
    {
        Skip.If(gguf.Length == 0, "no model folder with a .gguf, a tokenizer.json and a reference file of its name");
        string path = Path.Combine(Shared.Folder!, "models", gguf);
        PretrainedTokenizer beside = Load(Path.GetDirectoryName(path)!, ""), inside = LoadGguf(path);
        int count = 0;
        foreach (string text in TokenizerGoldens.Lines(Path.Combine(Shared.Root!, "tokenizers", file)).SelectMany(Texts))
        {
            int[] ids = beside.EncodeIds(text);
            Assert.Null(TokenizerGoldens.Difference("ids", ids, inside.EncodeIds(text)));
            Assert.Equal(beside.Decode(ids), inside.Decode(ids));
            count++;
        }

        Skip.If(count == 0, "the file has no texts");
    }

    [SkippableFact]
    public void Lone_surrogates_count_as_replacement_characters()
    {
        string path = Path.Combine(Shared.Root ?? "", "tokenizers", "lone_surrogates.json");
        Skip.If(Shared.Root is null || !File.Exists(path), Shared.Root is null ? Shared.NoRoot : "no lone_surrogates.json under the root");
        foreach (JsonElement entry in Shared.Json(path).EnumerateArray())
        {
            string text = new([.. entry.GetProperty("utf16").Ints().Select(unit => (char)unit)]);
            foreach (JsonProperty expected in entry.GetProperty("ids_with_U+FFFD_for_each_lone_surrogate").EnumerateObject())
            {
                PretrainedTokenizer tokenizer = Load(Find(expected.Name).Folder, "");
                Assert.Null(TokenizerGoldens.Difference(expected.Name, expected.Value.Ints(), tokenizer.EncodeIds(text)));
            }
        }
    }

    /// <summary>The tokenizer's folder and what the reference file is about: NAME may hold dots itself.</summary>
    private static (string Folder, string What) Find(string name)
    {
        Skip.If(Shared.Folder is null, "no shared folder with the tokenizers' files: set LLMCOURSE_SHARED");
        for (string at = name; ; at = at[..at.LastIndexOf('.')])
        {
            foreach (string kind in (string[])["tokenizers", "models"])
            {
                string folder = Path.Combine(Shared.Folder!, kind, at);
                if (Directory.Exists(folder))
                    return (folder, name.Length == at.Length ? "" : name[(at.Length + 1)..]);
            }

            Skip.If(!at.Contains('.'), $"the files of the tokenizer {name} are not in the shared folder");
        }
    }

    private static readonly Dictionary<string, PretrainedTokenizer> Loaded = [];

    private static PretrainedTokenizer Load(string folder, string what)
    {
        lock (Loaded)
        {
            if (what == "normalized-true")
                return WithNormalizedSpecials(folder);
            if (!Loaded.TryGetValue(folder, out PretrainedTokenizer? tokenizer))
                Loaded.Add(folder, tokenizer = LoadOrSkip(() => PretrainedTokenizer.Load(folder)));
            return tokenizer;
        }
    }

    private static IEnumerable<string> References()
    {
        string folder = Path.Combine(Shared.Root ?? "", "tokenizers");
        return Shared.Root is not null && Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*" + Suffix).Where(file => TokenizerGoldens.Lines(file).Any()) // where SentencePiece never differs, there is a file without lines
                .Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)
            : [];
    }

    /// <summary>The tokenizer of a folder, as it is without its tokenizer.json.</summary>
    private static PretrainedTokenizer LoadSentencePiece(string folder)
    {
        string key = folder + " without tokenizer.json";
        lock (Loaded)
        {
            if (Loaded.TryGetValue(key, out PretrainedTokenizer? tokenizer))
                return tokenizer;
            string copy = Directory.CreateTempSubdirectory("llmcourse-spiece-").FullName;
            try
            {
                foreach (string name in (string[])[.. Models, "tokenizer_config.json", "special_tokens_map.json"])
                {
                    if (File.Exists(Path.Combine(folder, name)))
                        File.Copy(Path.Combine(folder, name), Path.Combine(copy, name));
                }

                Loaded.Add(key, tokenizer = LoadOrSkip(() => PretrainedTokenizer.Load(copy)));
                return tokenizer;
            }
            finally
            {
                Directory.Delete(copy, recursive: true);
            }
        }
    }

    private static PretrainedTokenizer LoadGguf(string path)
    {
        lock (Loaded)
        {
            if (!Loaded.TryGetValue(path, out PretrainedTokenizer? tokenizer))
            {
                using GgufFile file = GgufFile.Open(path);
                Loaded.Add(path, tokenizer = LoadOrSkip(() => PretrainedTokenizer.FromGguf(file.Metadata)));
            }

            return tokenizer;
        }
    }

    /// <summary>The texts in a line of any reference file, those that ids decode to included.</summary>
    private static IEnumerable<string> Texts(JsonElement line)
    {
        foreach (JsonProperty member in line.EnumerateObject())
        {
            if (member.Name is "text" or "pair" or "decoded")
                yield return member.Value.GetString()!;
            else if (member.Name is "texts" or "pairs" && member.Value.ValueKind == JsonValueKind.Array)
            {
                foreach (string text in member.Value.Texts())
                    yield return text;
            }
            else if (member.Name == "ref")
                yield return ReferencedText(member.Value);
        }
    }

    private static PretrainedTokenizer LoadOrSkip(Func<PretrainedTokenizer> load)
    {
        try
        {
            return load();
        }
        catch (TokenizerException error) when (error.UnsupportedPart is not null && Shared.IsForeignRoot)
        {
            Skip.If(true, $"not supported: {error.UnsupportedPart}");
            throw;
        }
    }

    /// <summary>The tokenizer as if its special tokens had the flag normalized=true.</summary>
    private static PretrainedTokenizer WithNormalizedSpecials(string folder)
    {
        System.Text.Json.Nodes.JsonNode json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")))!;
        foreach (System.Text.Json.Nodes.JsonNode? token in json["added_tokens"]!.AsArray())
            token!["normalized"] = true;
        return PretrainedTokenizer.FromJson(json.ToJsonString());
    }

    private static string? Text(PretrainedTokenizer tokenizer, JsonElement expected)
    {
        string text = expected.GetProperty("text").GetString()!;
        int[] ids = expected.GetProperty("ids").Ints();
        EncodedText encoded = tokenizer.Encode(text);
        string? difference = TokenizerGoldens.Difference("ids", ids, encoded.Ids)
            ?? TokenizerGoldens.Difference("ids by the quick way", ids, tokenizer.EncodeIds(text))
            ?? TokenizerGoldens.Difference("ids_no_special", expected.GetProperty("ids_no_special").Ints(), tokenizer.EncodeIds(text, addSpecialTokens: false))
            ?? TokenizerGoldens.Difference("tokens", expected.GetProperty("tokens").Texts(), encoded.Tokens)
            ?? TokenizerGoldens.Difference("decoded", expected.GetProperty("decoded").GetString(), tokenizer.Decode(ids, false))
            ?? TokenizerGoldens.Difference("decoded_skip_special", expected.GetProperty("decoded_skip_special").GetString(), tokenizer.Decode(ids, true))
            ?? TokenizerGoldens.Difference("streamed", expected.GetProperty("decoded").GetString(), Streamed(tokenizer, ids));
        if (tokenizer.CleansUpSpaces)
        {
            string? clean = expected.Optional("decoded_clean") ?? expected.GetProperty("decoded_skip_special").GetString();
            difference ??= TokenizerGoldens.Difference("decoded_clean", clean, tokenizer.Decode(ids, true, cleanUpSpaces: true));
        }

        return difference is null ? null : $"{TokenizerGoldens.Quoted(text)}: {difference}";
    }

    /// <summary>Where SentencePiece and the reference differ, ours is the reference.</summary>
    private static Func<PretrainedTokenizer, JsonElement, string?> OtherThanSentencePiece(string goldens)
    {
        JsonElement[] lines = [.. TokenizerGoldens.Lines(goldens)];
        return (tokenizer, expected) =>
        {
            JsonElement line = lines[expected.GetProperty("line").GetInt32()];
            int[] found = tokenizer.EncodeIds(line.GetProperty("text").GetString()!, addSpecialTokens: false);
            return found.SequenceEqual(expected.GetProperty("sentencepiece_ids").Ints())
                ? $"SentencePiece's ids [{string.Join(", ", found)}]"
                : TokenizerGoldens.Difference("ids_no_special", line.GetProperty("ids_no_special").Ints(), found);
        };
    }

    private static string Streamed(PretrainedTokenizer tokenizer, int[] ids)
    {
        IncrementalDecoder decoder = new(tokenizer, skipSpecialTokens: false);
        return string.Concat(ids.Select(decoder.Push)) + decoder.Flush();
    }

    private static string? Referenced(PretrainedTokenizer tokenizer, JsonElement expected)
    {
        string text = ReferencedText(expected.GetProperty("ref"));
        int[] ids = expected.GetProperty("ids").Ints();
        string? difference = TokenizerGoldens.Difference("ids", ids, tokenizer.EncodeIds(text));
        foreach (JsonProperty member in expected.EnumerateObject())
        {
            if (!member.Name.Contains("sha256", StringComparison.Ordinal))
                continue;
            string decoded = tokenizer.Decode(ids, member.Name.Contains("skip", StringComparison.Ordinal));
            difference ??= TokenizerGoldens.Difference(member.Name, member.Value.GetString(), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(decoded))));
        }

        return difference;
    }

    private static string ReferencedText(JsonElement reference)
    {
        string path = Path.Combine(Shared.Folder!, reference.GetProperty("file").GetString()!);
        Skip.If(!File.Exists(path), $"the data file {path} is not here");
        string line = File.ReadLines(path).Skip(reference.GetProperty("line").GetInt32()).First();
        return JsonDocument.Parse(line).RootElement.GetProperty(reference.GetProperty("field").GetString()!).GetString()!;
    }

    private static string? Pair(PretrainedTokenizer tokenizer, JsonElement expected)
    {
        (string text, string pair) = (expected.GetProperty("text").GetString()!, expected.GetProperty("pair").GetString()!);
        EncodedText encoded = tokenizer.Encode(text, pair);
        EncodedText plain = tokenizer.Encode(text, pair, new EncodingOptions { AddSpecialTokens = false });
        return TokenizerGoldens.Difference("ids", expected.GetProperty("ids").Ints(), encoded.Ids)
            ?? TokenizerGoldens.Difference("token_type_ids", expected.GetProperty("token_type_ids").Ints(), encoded.TypeIds)
            ?? TokenizerGoldens.Difference("attention_mask", expected.GetProperty("attention_mask").Ints(), encoded.AttentionMask)
            ?? TokenizerGoldens.Difference("special_tokens_mask", expected.GetProperty("special_tokens_mask").Ints(), encoded.SpecialTokensMask)
            ?? TokenizerGoldens.Difference("sequence_ids", expected.GetProperty("sequence_ids").NullableInts(), encoded.SequenceIds)
            ?? TokenizerGoldens.Difference("ids_no_special", expected.GetProperty("ids_no_special").Ints(), plain.Ids)
            ?? TokenizerGoldens.Difference("type_ids_no_special", expected.GetProperty("type_ids_no_special").Ints(), plain.TypeIds);
    }

    private static string? Offsets(PretrainedTokenizer tokenizer, JsonElement expected)
    {
        EncodedText encoded = tokenizer.Encode(expected.GetProperty("text").GetString()!);
        return TokenizerGoldens.Difference("ids", expected.GetProperty("ids").Ints(), encoded.Ids)
            ?? TokenizerGoldens.Difference("tokens", expected.GetProperty("tokens").Texts(), encoded.Tokens)
            ?? TokenizerGoldens.Difference("offsets_utf16", expected.GetProperty("offsets_utf16").Ranges(), [.. encoded.Offsets.Select(range => ((int, int)?)range)])
            ?? TokenizerGoldens.Difference("offsets", expected.GetProperty("offsets").Ranges(), [.. encoded.CodePointOffsets().Select(range => ((int, int)?)range)])
            ?? TokenizerGoldens.Difference("word_ids", expected.GetProperty("word_ids").NullableInts(), encoded.WordIds)
            ?? TokenizerGoldens.Difference("special_tokens_mask", expected.GetProperty("special_tokens_mask").Ints(), encoded.SpecialTokensMask);
    }

    private static string? Decoding(PretrainedTokenizer tokenizer, JsonElement expected)
    {
        int[] ids = [.. expected.GetProperty("ids").EnumerateArray().Select(id => (int)Math.Min(int.MaxValue, id.GetInt64()))];
        string? difference = TokenizerGoldens.Difference("decoded", expected.GetProperty("decoded").GetString(), tokenizer.Decode(ids, false))
            ?? TokenizerGoldens.Difference("decoded_skip_special", expected.GetProperty("decoded_skip_special").GetString(), tokenizer.Decode(ids, true))
            ?? TokenizerGoldens.Difference("streamed", expected.GetProperty("decoded").GetString(), Streamed(tokenizer, ids));
        return difference is null ? null : $"[{string.Join(", ", ids)}]: {difference}";
    }

    /// <summary>transformers' call with options; the reference padded with EOS where a tokenizer has no pad token.</summary>
    private static string? Batch(PretrainedTokenizer tokenizer, JsonElement expected)
    {
        JsonElement given = expected.GetProperty("options");
        string[] texts = expected.GetProperty("texts").Texts();
        string?[] pairs = expected.GetProperty("pairs") is { ValueKind: JsonValueKind.Array } second ? second.Texts() : new string?[texts.Length];
        bool expectsError = expected.TryGetProperty("error", out JsonElement error);
        bool lacksPad = expectsError && error.GetProperty("message").GetString()!.Contains("does not have a padding token", StringComparison.Ordinal);
        EncodingOptions options = Options(given, lacksPad ? null : tokenizer.PadId ?? tokenizer.EosId);
        EncodedText[] rows;
        try
        {
            rows = [.. tokenizer.EncodeBatch(texts.Zip(pairs), options).SelectMany(row => row.Overflowing.Prepend(row))];
        }
        catch (TokenizerException failure)
        {
            return expectsError || ExceedsLimit(expected, options) ? null : $"{given.GetRawText()}: {failure.Message}";
        }

        if (expectsError)
            return $"{given.GetRawText()}: the reference fails with {error.GetRawText()}";
        JsonElement[] ids = [.. expected.GetProperty("input_ids").EnumerateArray()];
        string? difference = TokenizerGoldens.Difference("rows", [ids.Length], [rows.Length]);
        for (int i = 0; difference is null && i < rows.Length; i++)
        {
            difference = TokenizerGoldens.Difference("input_ids", ids[i].Ints(), rows[i].Ids)
                ?? TokenizerGoldens.Difference("attention_mask", expected.GetProperty("attention_mask")[i].Ints(), rows[i].AttentionMask)
                ?? TokenizerGoldens.Difference("token_type_ids", expected.GetProperty("token_type_ids")[i].Ints(), rows[i].TypeIds)
                ?? TokenizerGoldens.Difference("special_tokens_mask", expected.GetProperty("special_tokens_mask")[i].Ints(), rows[i].SpecialTokensMask);
        }

        return difference is null ? null : $"{given.GetRawText()}: {difference}";
    }

    /// <summary>
    /// Where max_length is below the number of special tokens, the reference's subtraction wraps and nothing is truncated
    /// at all. Ours refuses.
    /// </summary>
    private static bool ExceedsLimit(JsonElement expected, EncodingOptions options) =>
        options.Truncation is TruncationOptions truncation
        && expected.GetProperty("input_ids").EnumerateArray().Any(row => row.GetArrayLength() > truncation.MaxLength && row.GetArrayLength() > (options.Padding?.Length ?? 0));

    private static EncodingOptions Options(JsonElement given, int? padId)
    {
        int maxLength = given.TryGetProperty("max_length", out JsonElement length) ? length.GetInt32() : int.MaxValue;
        EncodingOptions options = new()
        {
            AddSpecialTokens = !given.TryGetProperty("add_special_tokens", out JsonElement adds) || adds.GetBoolean(),
            KeepOverflow = given.TryGetProperty("return_overflowing_tokens", out JsonElement keeps) && keeps.GetBoolean(),
        };
        if (given.TryGetProperty("truncation", out JsonElement truncation) && truncation.ValueKind != JsonValueKind.False)
        {
            options = options with
            {
                Truncation = new TruncationOptions
                {
                    MaxLength = maxLength,
                    Stride = given.TryGetProperty("stride", out JsonElement stride) ? stride.GetInt32() : 0,
                    Strategy = given.Optional("truncation") switch
                    {
                        "only_first" => TruncationStrategy.OnlyFirst,
                        "only_second" => TruncationStrategy.OnlySecond,
                        _ => TruncationStrategy.LongestFirst,
                    },
                    Side = given.Optional("truncation_side") == "left" ? Side.Left : Side.Right,
                },
            };
        }

        if (given.TryGetProperty("padding", out JsonElement padding) && padding.ValueKind != JsonValueKind.False)
        {
            options = options with
            {
                Padding = new PaddingOptions
                {
                    Id = padId,
                    Length = given.Optional("padding") == "max_length" ? maxLength : null,
                    MultipleOf = given.TryGetProperty("pad_to_multiple_of", out JsonElement multiple) ? multiple.GetInt32() : 0,
                    Side = given.Optional("padding_side") == "left" ? Side.Left : Side.Right,
                },
            };
        }

        return options;
    }
}
