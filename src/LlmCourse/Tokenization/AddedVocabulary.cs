using LlmCourse.Runtime;
using LlmCourse.Tokenization.Models;
using LlmCourse.Tokenization.Normalizers;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization;

/// <summary>The added tokens beside the model's vocabulary: which ids they have, how they are found and how they are shown.</summary>
internal sealed class AddedVocabulary
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<int, AddedToken> _tokens = [];
    private readonly Dictionary<int, string> _shown = [];
    private readonly HashSet<string> _special = new(StringComparer.Ordinal);

    public AddedVocabulary(IReadOnlyList<AddedToken> tokens, Vocabulary vocabulary, INormalizer? normalizer)
    {
        int unused = 0;
        foreach (AddedToken declared in tokens)
            Add(declared, vocabulary, ref unused);
        foreach (AddedToken token in _tokens.Values)
        {
            _shown[token.Id] = token.IsNormalized ? Normalized(token.Content, normalizer) : token.Content;
            if (_shown[token.Id].Length == 0 && token.Content.Length > 0)
                throw new TokenizerException($"added_tokens: '{token.Content}' is looked for in the normalized text, but the normalizer leaves nothing of it.");
            if (token.IsSpecial)
                _special.Add(token.Content);
        }

        Raw = new(_tokens.Values.Where(token => !token.IsNormalized).Select(token => Entry(token, token.Content)));
        InNormalized = new(_tokens.Values.Where(token => token.IsNormalized).Select(token => Entry(token, _shown[token.Id])));
        Tokens = [.. _tokens.Values.OrderBy(token => token.Id)];
        Size = vocabulary.Count + _tokens.Keys.Count(id => vocabulary.TokenOf(id) is null);
    }

    /// <summary>All added tokens by id.</summary>
    public IReadOnlyList<AddedToken> Tokens { get; }

    /// <summary>The number of different tokens, the model's included.</summary>
    public int Size { get; }

    /// <summary>Finds those that are looked for in the text as it is.</summary>
    public AddedTokenMatcher Raw { get; }

    /// <summary>Finds those that are looked for in the normalized text.</summary>
    public AddedTokenMatcher InNormalized { get; }

    public int? IdOf(string token) => _ids.TryGetValue(token, out int id) ? id : null;

    public AddedToken? TokenOf(int id) => _tokens.GetValueOrDefault(id);

    /// <summary>The text an added token is decoded to: its normalized form if it is looked for as such.</summary>
    public string? ShownAs(int id) => _shown.GetValueOrDefault(id);

    /// <summary>Whether decoding leaves a token out when it skips special ones.</summary>
    public bool IsSpecial(string shown) => _special.Contains(shown);

    /// <summary>
    /// The model's own id wins over a declared one, which then stays unused, and those declared after it move down: so the
    /// reference numbers them. Any other clash cannot be right.
    /// </summary>
    private void Add(AddedToken declared, Vocabulary vocabulary, ref int unused)
    {
        int inModel = vocabulary.IdOf(declared.Content);
        if (inModel >= 0 && declared.Id > vocabulary.MaxId)
            unused++;
        AddedToken token = declared with { Id = inModel >= 0 ? inModel : declared.Id > vocabulary.MaxId ? declared.Id - unused : declared.Id };
        if (inModel < 0 && vocabulary.TokenOf(token.Id) is string taken)
            throw new TokenizerException($"added_tokens: '{token.Content}' declares id {token.Id}, which is the id of '{taken}'.");
        if (_tokens.TryGetValue(token.Id, out AddedToken? other) && other.Content != token.Content)
            throw new TokenizerException($"added_tokens: '{token.Content}' and '{other.Content}' both declare id {token.Id}.");
        if (_ids.TryGetValue(token.Content, out int before) && before != token.Id)
            throw new TokenizerException($"added_tokens: '{token.Content}' stands twice, with ids {before} and {token.Id}.");
        _ids[token.Content] = token.Id;
        _tokens[token.Id] = token;
    }

    private static string Normalized(string text, INormalizer? normalizer) =>
        normalizer is null ? text : normalizer.Normalize(new AlignedText(text.AsMemory(), 0, isTracked: false)).ToString();

    private static AddedEntry Entry(AddedToken token, string text) =>
        new(token.Id, text, token.IsSingleWord, token.TakesLeft, token.TakesRight);
}
