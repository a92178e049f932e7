using System.Text;
using LlmCourse.Tokenization;

namespace LlmCourse.Generation;

/// <summary>One completion on its way: its tokens, its text, and whether it is at an end.</summary>
internal sealed class GeneratedRow
{
    private readonly GenerationRequest _request;
    private readonly IncrementalDecoder? _text;
    private readonly StopStringMatcher _stops;
    private readonly StringBuilder _shown = new();
    private readonly int _full;

    /// <param name="request">What it is a part of.</param>
    /// <param name="index">Its place in the result, which its random numbers depend on.</param>
    /// <param name="prompt">The index of its prompt.</param>
    public GeneratedRow(GenerationRequest request, int index, int prompt)
    {
        _request = request;
        (Index, Prompt) = (index, prompt);
        Tokens = [.. request.Start(prompt)];
        PromptLength = Tokens.Count;
        VirtualTokens = request.VirtualTokens[prompt];
        _full = request.Settings.MaxLengthFor(PromptLength, VirtualTokens);
        _text = request.Decoder(prompt);
        _stops = new StopStringMatcher(request.Settings.StopStrings);
    }

    public int Index { get; }

    public int Prompt { get; }

    /// <summary>The decoder's tokens so far.</summary>
    public List<int> Tokens { get; }

    public int PromptLength { get; }

    public int VirtualTokens { get; }

    /// <summary>How many tokens were generated.</summary>
    public int Count => Tokens.Count - PromptLength;

    /// <summary>How many more there may be.</summary>
    public int Left => _full - Tokens.Count;

    public FinishReason? Reason { get; private set; }

    public string? StopString => _stops.Found;

    public string Text => _shown.ToString();

    /// <summary>What rules need to know, as if some more tokens stood behind the row's.</summary>
    public RowProgress Progress(IReadOnlyList<int>? more = null) =>
        _request.Progress(Prompt, more is null or { Count: 0 } ? Tokens : [.. Tokens, .. more]);

    /// <summary>Takes the next token, and says so; decides whether it was the last.</summary>
    public void Take(int token)
    {
        string piece = Push(token);
        ResolvedGeneration settings = _request.Settings;
        Reason = _stops.Found is not null ? FinishReason.StopString
            : settings.EosTokenIds.Contains(token) ? FinishReason.EndOfSequence
            : settings.StopWhen?.Invoke(new PartialCompletion(Prompt, Text, [.. Tokens.Skip(PromptLength)])) == true ? FinishReason.StopPredicate
            : Left <= 0 ? settings.LimitReason(PromptLength, VirtualTokens)
            : null;
        if (Reason is not null)
            piece += Flush();
        _request.OnToken?.Invoke(Index, token, piece);
    }

    /// <summary>Takes all tokens of a completion whose end is known, and says so.</summary>
    public void TakeAll(IReadOnlyList<int> tokens, FinishReason reason)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            string piece = Push(tokens[i]);
            if (i == tokens.Count - 1)
            {
                Reason = reason;
                piece += Flush();
            }

            _request.OnToken?.Invoke(Index, tokens[i], piece);
        }
    }

    /// <summary>Why the completion would be at an end with these tokens; null if it goes on. The row itself stays as it is.</summary>
    public FinishReason? ReasonOf(IReadOnlyList<int> generated)
    {
        if (!_request.ReadsText)
        {
            return _request.Settings.EosTokenIds.Contains(generated[^1]) ? FinishReason.EndOfSequence
                : PromptLength + generated.Count >= _full ? _request.Settings.LimitReason(PromptLength, VirtualTokens)
                : null;
        }

        GeneratedRow row = new(_request.Quiet, Index, Prompt);
        for (int i = 0; i < generated.Count - 1; i++)
            row.Push(generated[i]);
        row.Take(generated[^1]);
        return row.Reason;
    }

    private string Push(int token)
    {
        Tokens.Add(token);
        string piece = _text is null ? "" : _stops.Append(_text.Push(token) ?? "");
        _shown.Append(piece);
        return piece;
    }

    // What the decoder and the matcher held back; it may complete a stop string.
    private string Flush()
    {
        if (_text is null || _stops.Found is not null)
            return "";
        string rest = _stops.Append(_text.Flush());
        rest += _stops.Flush();
        _shown.Append(rest);
        if (_stops.Found is not null)
            Reason = FinishReason.StopString;
        return rest;
    }
}
