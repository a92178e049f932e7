using System.Runtime.ExceptionServices;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.PostProcessors;
using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization;

/// <content>From texts to drafts of encodings.</content>
public sealed partial class PretrainedTokenizer
{
    /// <summary>The parts of two texts are combined each with each, which can be more than fits into memory.</summary>
    private const int MaxOverflow = 100_000;

    /// <summary>Below this, one core is done before others have begun, and what a text has filled is kept for the next one.</summary>
    private const int ManyCharacters = 16_384;

    /// <summary>What the last text has filled, while no thread uses it.</summary>
    private Workspace? _idle;

    /// <summary>One draft a pair, on all cores where there is enough to do.</summary>
    private EncodingDraft[] Drafts((string Text, string? Pair)[] pairs, EncodingOptions options)
    {
        EncodingDraft[] drafts = new EncodingDraft[pairs.Length];
        long characters = pairs.Sum(pair => (long)(pair.Text?.Length ?? 0) + (pair.Pair?.Length ?? 0));
        if (pairs.Length == 1 || characters < ManyCharacters)
        {
            Workspace workspace = TakeWorkspace();
            for (int i = 0; i < pairs.Length; i++)
                drafts[i] = Draft(pairs[i].Text, pairs[i].Pair, options, workspace);
            GiveBack(workspace, characters);
            return drafts;
        }

        try
        {
            Parallel.For(0, pairs.Length, () => new Workspace(), (i, _, workspace) =>
            {
                drafts[i] = Draft(pairs[i].Text, pairs[i].Pair, options, workspace);
                return workspace;
            }, _ => { });
            return drafts;
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]); // as it would have come from one core
            throw;
        }
    }

    private Workspace TakeWorkspace() => Interlocked.Exchange(ref _idle, null) ?? new();

    private void GiveBack(Workspace workspace, long characters)
    {
        if (characters < ManyCharacters)
            _idle = workspace;
    }

    private EncodingDraft Draft(string text, string? pair, EncodingOptions options, Workspace workspace)
    {
        ArgumentNullException.ThrowIfNull(text);
        EncodingDraft first = Draft(text, false, workspace);
        EncodingDraft? second = pair is null ? null : Draft(pair, true, workspace);
        options.Truncation?.Apply(first, second, options.AddSpecialTokens ? _parts.PostProcessor.AddedTokens(second is not null) : 0, options.KeepOverflow);
        List<EncodingDraft> encodings = second is null ? [first] : [first, second];
        for (int i = 0; i < encodings.Count && _parts.PostProcessor is not PlainProcessor; i++)
        {
            encodings[i].SetSequence(i);
            foreach (EncodingDraft part in encodings[i].Overflowing)
                part.SetSequence(i);
        }

        List<EncodingDraft> parts = _parts.PostProcessor.Process(encodings, options.AddSpecialTokens);
        double combinations = 1;
        foreach (EncodingDraft part in parts)
            combinations *= 1 + part.Overflowing.Length;
        if (combinations > MaxOverflow)
            throw new TokenizerException($"Truncation cuts the texts into more than {MaxOverflow} combinations: use KeepOverflow = false, or truncate only one of the texts.");
        EncodingDraft merged = parts.Count == 0 ? new("", []) : parts[0];
        for (int i = 1; i < parts.Count; i++)
            merged.MergeWith(parts[i]);
        return merged;
    }

    private EncodingDraft Draft(string text, bool isPair, Workspace workspace)
    {
        Cut(text, isTracked: true, workspace);
        List<TextToken> tokens = workspace.Tokens;
        int typeId = isPair ? 1 : 0; // until a template says otherwise
        tokens.Clear();
        for (int word = 0; word < workspace.Pieces.Count; word++)
        {
            Piece piece = workspace.Pieces[word];
            if (piece.IsAdded)
            {
                (int start, int end) = piece.Text.Place(piece.Start, piece.End);
                tokens.Add(new(piece.AddedId, piece.Span.ToString(), start, end, word, typeId, isPair));
                continue;
            }

            workspace.PieceTokens.Clear();
            _model.Tokenize(piece.Span, workspace.PieceTokens);
            foreach (PieceToken token in workspace.PieceTokens)
            {
                int from = piece.Start + token.Start, to = piece.Start + token.End;
                string shown = token.Id == _model.SurfaceId ? piece.Text.ToString(from, to) : _model.Vocabulary.TokenOf(token.Id) ?? "";
                (int start, int end) = piece.Text.Place(from, to);
                tokens.Add(new(token.Id, shown, start, end, word, typeId, isPair));
            }
        }

        return new(text, [.. tokens]);
    }

    /// <summary>Everything before the model: added tokens, normalizer, pre-tokenizer. The pieces are left in the workspace.</summary>
    private void Cut(string text, bool isTracked, Workspace workspace)
    {
        text = CodePoints.Valid(text);
        isTracked |= _parts.PreTokenizer?.NeedsPlaces ?? false;
        workspace.Pieces.Clear(isTracked);
        workspace.Raw.Clear();
        _added.Raw.Split(text, workspace.Raw);
        foreach ((int start, int end, int id) in workspace.Raw)
        {
            AlignedText section = new(text.AsMemory(start, end - start), start, isTracked);
            if (id >= 0)
                workspace.Pieces.Add(new(section, 0, section.Length, id, start));
            else
                AddNormalized(section, workspace);
        }

        _parts.PreTokenizer?.Apply(workspace.Pieces);
    }

    private void AddNormalized(AlignedText section, Workspace workspace)
    {
        AlignedText text = _parts.Normalizer?.Normalize(section) ?? section;
        if (text.Length == 0)
            return;
        if (_added.InNormalized.IsEmpty)
        {
            workspace.Pieces.Add(new(text, 0, text.Length, -1, section.Origin));
            return;
        }

        workspace.Normalized.Clear();
        _added.InNormalized.Split(text.Span, workspace.Normalized);
        foreach ((int start, int end, int id) in workspace.Normalized)
            workspace.Pieces.Add(new(text, start, end, id, start == 0 ? section.Origin : text.IsTracked ? text.PlaceAt(start).Start : -1));
    }

    private Filling FillingOf(EncodingDraft[] drafts, PaddingOptions padding)
    {
        int id = padding.Id ?? PadId ?? throw new TokenizerException("Padding was asked for, but the tokenizer names no pad token: set PaddingOptions.Id.");
        TextToken token = TextToken.Special(id, padding.Token ?? IdToToken(id) ?? "", padding.TypeId) with { IsPadding = true };
        return new(token, padding.TargetLength(drafts.Length == 0 ? 0 : drafts.Max(draft => draft.Count)), padding.Side == Side.Left);
    }
}
