using System.Globalization;
using LlmCourse.Tokenization.Models;

namespace LlmCourse.Tokenization;

/// <summary>What the files beside tokenizer.json say: tokenizer_config.json, special_tokens_map.json, chat_template.jinja.</summary>
internal sealed record TokenizerConfig
{
    private const int MaxExtraIds = 100_000;

    private static readonly string[] Roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    public SpecialTokens Special { get; init; } = new();

    /// <summary>added_tokens_decoder or, where that is missing, added_tokens.json.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>Whether there is an added_tokens_decoder, whose flags count more than those of tokenizer.json.</summary>
    public bool HasDecoder { get; init; }

    /// <summary>The tokens with a role or a name, which are special wherever they come from; without ids.</summary>
    public IReadOnlyList<AddedToken> NamedTokens { get; init; } = [];

    /// <summary>Further special tokens, where the tokenizer lacks them; without ids.</summary>
    public IReadOnlyList<AddedToken> FurtherTokens { get; init; } = [];

    public string? ChatTemplate { get; init; }

    public bool CleansUpSpaces { get; init; }

    /// <summary>BERT's do_lower_case.</summary>
    public bool Lowers { get; init; } = true;

    /// <summary>BERT's strip_accents; null: as Lowers.</summary>
    public bool? StripsAccents { get; init; }

    /// <summary>BERT's tokenize_chinese_chars.</summary>
    public bool SpacesIdeographs { get; init; } = true;

    /// <summary>tokenizer_class, which says how a vocabulary without tokenizer.json is used.</summary>
    public string? Class { get; init; }

    /// <summary>add_bos_token and add_eos_token, which count where there is no tokenizer.json.</summary>
    public bool? AddsBos { get; init; }

    /// <inheritdoc cref="AddsBos"/>
    public bool? AddsEos { get; init; }

    /// <summary>add_prefix_space of byte-level vocabularies.</summary>
    public bool AddsBlank { get; init; }

    /// <summary>legacy: whether SentencePiece's first blank stands before every stretch between special tokens.</summary>
    public bool IsLegacy { get; init; } = true;

    /// <summary>T5's extra_ids.</summary>
    public int ExtraIds { get; init; } = 100;

    /// <summary>ALBERT's keep_accents.</summary>
    public bool KeepsAccents { get; init; }

    public static TokenizerConfig Read(string? configJson, string? mapJson, string? template, string? addedJson = null)
    {
        JsonSection config = configJson is null ? default : JsonSection.Parse(configJson, "tokenizer_config.json");
        JsonSection map = mapJson is null ? default : JsonSection.Parse(mapJson, "special_tokens_map.json");
        bool hasDecoder = !config.IsNull && !config["added_tokens_decoder"].IsNull;
        (JsonSection first, JsonSection second) = hasDecoder ? (config, map) : (map, config);
        string? Named(string key) => Token(first, key) ?? Token(second, key);
        return new TokenizerConfig
        {
            HasDecoder = hasDecoder,
            NamedTokens =
            [
                .. Roles.Select(role => Section(first, role) ?? Section(second, role)).OfType<JsonSection>().Select(ReadNamed),
                .. Further(config, named: true).Concat(Further(map, named: true)).Select(ReadNamed),
            ],
            FurtherTokens = [.. Further(config, named: false).Concat(Further(map, named: false)).Select(ReadNamed)],
            Special = new SpecialTokens
            {
                Bos = Named("bos_token"),
                Eos = Named("eos_token"),
                Pad = Named("pad_token"),
                Unk = Named("unk_token"),
                Cls = Named("cls_token"),
                Sep = Named("sep_token"),
                Mask = Named("mask_token"),
            },
            AddedTokens = !hasDecoder ? ReadAdded(addedJson, config, map)
                : [.. config["added_tokens_decoder"].Members().Select(member => TokenizerJson.ReadAddedToken(member.Value, Id(member.Key, member.Value)))],
            Class = Token(config, "tokenizer_class"),
            AddsBos = Choice(config, "add_bos_token"),
            AddsEos = Choice(config, "add_eos_token"),
            AddsBlank = Choice(config, "add_prefix_space") ?? false,
            IsLegacy = Choice(config, "legacy") ?? true,
            ExtraIds = config.IsNull || config["extra_ids"].IsNull ? 100 : config["extra_ids"].Number(MaxExtraIds),
            KeepsAccents = Choice(config, "keep_accents") ?? false,
            ChatTemplate = template ?? Template(config),
            CleansUpSpaces = !config.IsNull && config["clean_up_tokenization_spaces"].Flag(absent: false),
            Lowers = config.IsNull || config["do_lower_case"].Flag(absent: true),
            StripsAccents = config.IsNull || config["strip_accents"].IsNull ? null : config["strip_accents"].Flag(),
            SpacesIdeographs = config.IsNull || config["tokenize_chinese_chars"].Flag(absent: true),
        };
    }

    /// <summary>Adds what the files say; where they name no token at all, the usual names count if the tokenizer has them.</summary>
    public TokenizerParts ApplyTo(TokenizerParts parts)
    {
        List<AddedToken> tokens = [.. parts.AddedTokens];
        foreach (AddedToken given in AddedTokens)
        {
            if (HasDecoder || !tokens.Exists(token => token.Content == given.Content))
                Put(tokens, given, parts.Model.Vocabulary);
        }

        foreach (AddedToken named in NamedTokens)
        {
            AddedToken? known = (HasDecoder ? AddedTokens : tokens).FirstOrDefault(token => token.Content == named.Content);
            Put(tokens, (known ?? named) with { IsSpecial = true }, parts.Model.Vocabulary);
        }

        foreach (AddedToken further in FurtherTokens)
        {
            if (!tokens.Exists(token => token.Content == further.Content))
                Put(tokens, further, parts.Model.Vocabulary);
        }

        SpecialTokens special = Special == new SpecialTokens() ? Usual(parts) : Special;
        return parts with { AddedTokens = tokens, SpecialTokens = special, ChatTemplate = ChatTemplate ?? parts.ChatTemplate, CleansUpSpaces = CleansUpSpaces };
    }

    /// <summary>Adds a token, with the next free id if it has none. One that is there keeps its id, and stays special if it is.</summary>
    private static void Put(List<AddedToken> tokens, AddedToken token, Vocabulary vocabulary)
    {
        int at = tokens.FindIndex(other => other.Content == token.Content);
        if (at >= 0)
        {
            tokens[at] = token with { Id = tokens[at].Id, IsSpecial = tokens[at].IsSpecial || token.IsSpecial };
            return;
        }

        int inModel = vocabulary.IdOf(token.Content);
        int id = token.Id >= 0 ? token.Id
            : inModel >= 0 ? inModel
            : 1 + Math.Max(vocabulary.MaxId, tokens.Select(other => other.Id).DefaultIfEmpty(-1).Max());
        tokens.Add(token with { Id = id });
    }

    private static SpecialTokens Usual(TokenizerParts parts)
    {
        if (parts.SpecialTokens != new SpecialTokens())
            return parts.SpecialTokens;
        HashSet<string> special = [.. parts.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Content)];
        string? First(params ReadOnlySpan<string> names)
        {
            foreach (string name in names)
            {
                if (special.Contains(name))
                    return name;
            }

            return null;
        }

        return new SpecialTokens
        {
            Bos = First("<s>", "<bos>", "<|begin_of_text|>", "<|endoftext|>"),
            Eos = First("</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>"),
            Pad = First("<pad>", "[PAD]"),
            Unk = First("<unk>", "[UNK]", "<|endoftext|>"),
            Cls = First("[CLS]"),
            Sep = First("[SEP]"),
            Mask = First("<mask>", "[MASK]"),
        };
    }

    /// <summary>added_tokens.json: ids by token. Those with a role are special.</summary>
    private static AddedToken[] ReadAdded(string? json, JsonSection config, JsonSection map)
    {
        if (json is null)
            return [];
        HashSet<string> special = [.. Roles.Select(role => Token(config, role) ?? Token(map, role)).OfType<string>()];
        special.UnionWith(((JsonSection[])[config, map]).SelectMany(file => Further(file, named: false).Concat(Further(file, named: true))).Select(Content));

        return [.. JsonSection.Parse(json, "added_tokens.json").Members().Select(member => new AddedToken
        {
            Id = member.Value.Number(), Content = member.Key, IsSpecial = special.Contains(member.Key), IsNormalized = !special.Contains(member.Key),
        })];
    }

    /// <summary>The special tokens without a role: those in lists, or those in objects, which have names.</summary>
    private static IEnumerable<JsonSection> Further(JsonSection file, bool named) => file.IsNull ? [] :
        ((string[])["extra_special_tokens", "additional_special_tokens"]).Select(key => file[key]).Where(tokens => !tokens.IsNull && tokens.IsObject == named)
            .SelectMany(tokens => named ? tokens.Members().Select(member => member.Value) : tokens.Items());

    private static AddedToken ReadNamed(JsonSection token) => token.IsText
        ? new AddedToken { Id = -1, Content = token.Text(), IsSpecial = true }
        : TokenizerJson.ReadAddedToken(token, -1) with { IsSpecial = true };

    private static JsonSection? Section(JsonSection file, string key) => file.IsNull || file[key].IsNull ? null : file[key];

    private static bool? Choice(JsonSection file, string key) => file.IsNull || file[key].IsNull ? null : file[key].Flag();

    private static int Id(string key, JsonSection token) =>
        int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : throw token.Error("stands under a key that is no id");

    /// <summary>A text, or an object with the text as its content.</summary>
    private static string? Token(JsonSection file, string key) => Section(file, key) is JsonSection token ? Content(token) : null;

    private static string Content(JsonSection token) => token.IsText ? token.Text() : token.Required("content").Text();

    /// <summary>A text, or a list of named templates, of which the default counts.</summary>
    private static string? Template(JsonSection config)
    {
        if (config.IsNull || config["chat_template"].IsNull)
            return null;
        JsonSection template = config["chat_template"];
        if (template.IsText)
            return template.Text();
        foreach (JsonSection named in template.Items())
        {
            if (named.Required("name").Text() == "default")
                return named.Required("template").Text();
        }

        return null;
    }
}
