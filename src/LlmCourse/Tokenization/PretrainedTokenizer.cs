using LlmCourse.Tokenization.Decoders;
using LlmCourse.Tokenization.Models;
using LlmCourse.Tokenization.Text;
using Microsoft.ML.Tokenizers;

namespace LlmCourse.Tokenization;

/// <summary>
/// A tokenizer as tokenizer.json describes it: added tokens, normalizer, pre-tokenizer, model, post-processor, decoder. Ids,
/// offsets and decoded text are those of Hugging Face's tokenizers. Threads may share it. Where it stands for a
/// <see cref="Tokenizer"/>, encoding adds special tokens, and the switches for normalization and pre-tokenization do nothing:
/// without these parts the ids would be those of no tokenizer.
/// </summary>
public sealed partial class PretrainedTokenizer : Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly AddedVocabulary _added;
    private readonly IModel _model;

    internal PretrainedTokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _model = parts.Model;
        _added = new(parts.AddedTokens, _model.Vocabulary, parts.Normalizer);
        FileOptions = new() { Truncation = parts.Truncation, Padding = parts.Padding, KeepOverflow = true };
    }

    /// <summary>The options the file itself asks for: its truncation (with what overflows) and its padding.</summary>
    public EncodingOptions FileOptions { get; }

    /// <summary>The tokens with a role.</summary>
    public SpecialTokens SpecialTokens => _parts.SpecialTokens;

    /// <summary>The id of the token that begins a text, if there is one.</summary>
    public int? BosId => IdOf(SpecialTokens.Bos);

    /// <summary>The id of the token that ends a text, if there is one.</summary>
    public int? EosId => IdOf(SpecialTokens.Eos);

    /// <summary>The id of the token for padding, if there is one.</summary>
    public int? PadId => IdOf(SpecialTokens.Pad);

    /// <summary>The id of the unknown token, if there is one.</summary>
    public int? UnkId => IdOf(SpecialTokens.Unk);

    /// <summary>The id of the token that hides a word, if there is one.</summary>
    public int? MaskId => IdOf(SpecialTokens.Mask);

    /// <summary>The text of the chat template, if the files have one.</summary>
    public string? ChatTemplate => _parts.ChatTemplate;

    /// <summary>Whether tokenizer_config.json asks for decoded text to be cleaned up (clean_up_tokenization_spaces).</summary>
    public bool CleansUpSpaces => _parts.CleansUpSpaces;

    /// <summary>The number of tokens, added ones included.</summary>
    public int VocabularySize => _added.Size;

    /// <summary>The tokens that are found in a text before anything else happens to it.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _added.Tokens;

    /// <summary>The id of a token, if it is in the vocabulary.</summary>
    /// <param name="token">The token as the vocabulary writes it.</param>
    /// <returns>Its id, or null.</returns>
    public int? TokenToId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (_added.IdOf(token) is int added)
            return added;
        int id = _model.Vocabulary.IdOf(token);
        return id >= 0 ? id : null;
    }

    /// <summary>The token with an id.</summary>
    /// <param name="id">The id.</param>
    /// <returns>The token as the vocabulary writes it, or null.</returns>
    public string? IdToToken(int id) => _added.TokenOf(id)?.Content ?? _model.Vocabulary.TokenOf(id);

    /// <summary>Encodes a text, without truncation and padding.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Whether the post-processor adds its special tokens.</param>
    /// <returns>The tokens.</returns>
    public EncodedText Encode(string text, bool addSpecialTokens = true) =>
        Encode(text, null, new EncodingOptions { AddSpecialTokens = addSpecialTokens });

    /// <summary>Encodes a text, or two as one sequence.</summary>
    /// <param name="text">The text.</param>
    /// <param name="pair">The second text, if any.</param>
    /// <param name="options">How; null for no truncation and padding.</param>
    /// <returns>The tokens.</returns>
    public EncodedText Encode(string text, string? pair, EncodingOptions? options = null) => EncodeBatch([(text, pair)], options)[0];

    /// <summary>Encodes several texts; padding to the longest is to the longest of them.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="options">How; null for no truncation and padding.</param>
    /// <returns>The tokens of each text.</returns>
    public IReadOnlyList<EncodedText> EncodeBatch(IEnumerable<string> texts, EncodingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return EncodeBatch(texts.Select(text => (text, (string?)null)), options);
    }

    /// <summary>Encodes several texts or pairs; padding to the longest is to the longest of them.</summary>
    /// <param name="pairs">The texts, each with its second text, if any.</param>
    /// <param name="options">How; null for no truncation and padding.</param>
    /// <returns>The tokens of each pair.</returns>
    public IReadOnlyList<EncodedText> EncodeBatch(IEnumerable<(string Text, string? Pair)> pairs, EncodingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        options ??= new();
        options.Validate();
        (string Text, string? Pair)[] texts = [.. pairs];
        EncodingDraft[] drafts = Drafts(texts, options);
        Filling? filling = options.Padding is PaddingOptions padding ? FillingOf(drafts, padding) : null;
        EncodedText[] encoded = new EncodedText[texts.Length];
        for (int i = 0; i < encoded.Length; i++)
            encoded[i] = new(drafts[i], texts[i].Text, texts[i].Pair, filling);
        return encoded;
    }

    /// <summary>The ids of a text, without truncation and padding: the quick way.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Whether the post-processor adds its special tokens.</param>
    /// <returns>The ids.</returns>
    public int[] EncodeIds(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_parts.PostProcessor.SingleFrame is not (int[] before, int[] after))
            return [.. Encode(text, addSpecialTokens).Ids];
        if (!addSpecialTokens)
            (before, after) = ([], []);
        Workspace workspace = TakeWorkspace();
        Cut(text, isTracked: false, workspace);
        List<PieceToken> tokens = workspace.PieceTokens;
        tokens.Clear();
        for (int i = 0; i < workspace.Pieces.Count; i++)
        {
            if (workspace.Pieces[i].IsAdded)
                tokens.Add(new(workspace.Pieces[i].AddedId, 0, 0));
            else
                _model.Tokenize(workspace.Pieces[i].Span, tokens);
        }

        int[] ids = new int[before.Length + tokens.Count + after.Length];
        before.CopyTo(ids, 0);
        for (int i = 0; i < tokens.Count; i++)
            ids[before.Length + i] = tokens[i].Id;
        after.CopyTo(ids, before.Length + tokens.Count);
        GiveBack(workspace, text.Length);
        return ids;
    }

    /// <summary>The text of ids. Ids outside the vocabulary are left out.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    /// <param name="cleanUpSpaces">
    /// Whether the blanks before English punctuation and contractions are taken out, as some tokenizer_config.json ask for
    /// (<see cref="CleansUpSpaces"/>). It also changes texts that had such blanks to begin with, so it is off here.
    /// </param>
    /// <returns>The text.</returns>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens, bool cleanUpSpaces = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        TextStream text = new();
        DecoderStream stream = _parts.Decoder.Open(text);
        foreach (int id in ids)
        {
            if (ShownToken(id, skipSpecialTokens) is string token)
                stream.Write(token, true);
        }

        stream.Flush();
        return cleanUpSpaces ? CleanUp.OfText(text.Take()) : text.Take();
    }

    /// <summary>Opens a stream that decodes ids as they come.</summary>
    internal DecoderStream OpenDecoder(TextStream text) => _parts.Decoder.Open(text);

    /// <summary>What the decoder sees of an id; null where it sees nothing.</summary>
    internal string? ShownToken(int id, bool skipSpecialTokens)
    {
        string? token = _added.ShownAs(id) ?? _model.Vocabulary.TokenOf(id);
        return token is not null && skipSpecialTokens && _added.IsSpecial(token) ? null : token;
    }

    private int? IdOf(string? token) => token is null ? null : TokenToId(token);
}
