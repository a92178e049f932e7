using System.Runtime.ExceptionServices;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Decoders;
using LlmCourse.Tokenization.Models;
using LlmCourse.Tokenization.PostProcessors;
using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;
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
    /// <summary>The parts of two texts are combined each with each, which can be more than fits into memory.</summary>
    private const int MaxOverflow = 100_000;

    /// <summary>Below this, one core is done before others have begun.</summary>
    private const int ParallelCharacters = 16_384;

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
        (EncodingDraft Draft, string[] Texts)[] drafts = Drafts([.. pairs], options);
        if (options.Padding is PaddingOptions padding)
            Pad([.. drafts.Select(item => item.Draft)], padding);
        return [.. drafts.Select(item => new EncodedText(item.Draft, item.Texts))];
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
        TokenList tokens = new();
        PieceList pieces = Cut(CodePoints.Valid(text), isTracked: false);
        for (int i = 0; i < pieces.Count; i++)
        {
            if (pieces[i].IsAdded)
                tokens.Add(pieces[i].AddedId, 0, 0);
            else
                _model.Tokenize(pieces[i].Span, tokens);
        }

        return addSpecialTokens ? [.. before, .. tokens.Ids, .. after] : [.. tokens.Ids];
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

    /// <summary>One draft a pair, on all cores where there is enough to do.</summary>
    private (EncodingDraft Draft, string[] Texts)[] Drafts((string Text, string? Pair)[] pairs, EncodingOptions options)
    {
        (EncodingDraft, string[])[] drafts = new (EncodingDraft, string[])[pairs.Length];
        void Encode(int i) => drafts[i] = Draft(pairs[i].Text, pairs[i].Pair, options);
        if (pairs.Length == 1 || pairs.Sum(pair => (long)(pair.Text?.Length ?? 0) + (pair.Pair?.Length ?? 0)) < ParallelCharacters)
        {
            for (int i = 0; i < pairs.Length; i++)
                Encode(i);
            return drafts;
        }

        try
        {
            Parallel.For(0, pairs.Length, Encode);
            return drafts;
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]); // as it would have come from one core
            throw;
        }
    }

    private (EncodingDraft, string[]) Draft(string text, string? pair, EncodingOptions options)
    {
        ArgumentNullException.ThrowIfNull(text);
        EncodingDraft first = Draft(text, 0);
        EncodingDraft? second = pair is null ? null : Draft(pair, 1);
        options.Truncation?.Apply(first, second, options.AddSpecialTokens ? _parts.PostProcessor.AddedTokens(second is not null) : 0, options.KeepOverflow);
        List<EncodingDraft> encodings = second is null ? [first] : [first, second];
        for (int i = 0; i < encodings.Count && _parts.PostProcessor is not PlainProcessor; i++)
        {
            foreach (EncodingDraft part in encodings[i].Overflowing.Append(encodings[i]))
                part.SetSequence(i);
        }

        List<EncodingDraft> parts = _parts.PostProcessor.Process(encodings, options.AddSpecialTokens);
        if (parts.Aggregate(1.0, (product, part) => product * (1 + part.Overflowing.Count)) > MaxOverflow)
            throw new TokenizerException($"Truncation cuts the texts into more than {MaxOverflow} combinations: use KeepOverflow = false, or truncate only one of the texts.");
        EncodingDraft merged = new();
        foreach (EncodingDraft part in parts)
            merged.MergeWith(part);
        return (merged, pair is null ? [text] : [text, pair]);
    }

    private EncodingDraft Draft(string text, int number)
    {
        EncodingDraft draft = new() { Source = text };
        TokenList tokens = new();
        PieceList pieces = Cut(CodePoints.Valid(text), isTracked: true);
        for (int word = 0; word < pieces.Count; word++)
        {
            Piece piece = pieces[word];
            if (piece.IsAdded)
            {
                draft.AddText(piece.AddedId, piece.Span.ToString(), piece.Text.Place(piece.Start, piece.End), word, number);
                continue;
            }

            tokens.Clear();
            _model.Tokenize(piece.Span, tokens);
            for (int i = 0; i < tokens.Count; i++)
            {
                int id = tokens.Ids[i], start = piece.Start + tokens.Starts[i], end = piece.Start + tokens.Ends[i];
                string token = id == _model.SurfaceId ? piece.Text.ToString(start, end) : _model.Vocabulary.TokenOf(id) ?? "";
                draft.AddText(id, token, piece.Text.Place(start, end), word, number);
            }
        }

        return draft;
    }

    /// <summary>Everything before the model: added tokens, normalizer, pre-tokenizer.</summary>
    private PieceList Cut(string text, bool isTracked)
    {
        isTracked |= _parts.PreTokenizer?.NeedsPlaces ?? false;
        PieceList pieces = new(isTracked);
        List<(int Start, int End, int Id)> ranges = [];
        _added.Raw.Split(text, ranges);
        foreach ((int start, int end, int id) in ranges)
        {
            AlignedText section = new(text.AsMemory(start, end - start), start, isTracked);
            if (id >= 0)
                pieces.Add(new(section, 0, section.Length, id, start));
            else
                AddNormalized(section, pieces);
        }

        _parts.PreTokenizer?.Apply(pieces);
        return pieces;
    }

    private void AddNormalized(AlignedText section, PieceList pieces)
    {
        AlignedText text = _parts.Normalizer?.Normalize(section) ?? section;
        if (text.Length == 0)
            return;
        if (_added.InNormalized.IsEmpty)
        {
            pieces.Add(new(text, 0, text.Length, -1, section.Origin));
            return;
        }

        List<(int Start, int End, int Id)> ranges = [];
        _added.InNormalized.Split(text.Span, ranges);
        foreach ((int start, int end, int id) in ranges)
            pieces.Add(new(text, start, end, id, start == 0 ? section.Origin : text.IsTracked ? text.PlaceAt(start).Start : -1));
    }

    private void Pad(List<EncodingDraft> drafts, PaddingOptions padding)
    {
        int id = padding.Id ?? PadId ?? throw new TokenizerException("Padding was asked for, but the tokenizer names no pad token: set PaddingOptions.Id.");
        string token = padding.Token ?? IdToToken(id) ?? "";
        int length = padding.TargetLength(drafts.Count == 0 ? 0 : drafts.Max(draft => draft.Count));
        foreach (EncodingDraft draft in drafts)
            draft.Pad(length, id, padding.TypeId, token, padding.Side == Side.Left);
    }
}
