using LlmCourse.Tokenization.Decoders;

namespace LlmCourse.Tokenization;

/// <summary>
/// Decodes ids as they come. The pieces, joined, are exactly what decoding all ids at once gives; a character is never broken,
/// and what was given out is never taken back: what later ids can still change is held back.
/// </summary>
public sealed class IncrementalDecoder
{
    private readonly PretrainedTokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;
    private readonly TextStream _text = new();
    private readonly DecoderStream _stream;
    private bool _isFlushed;

    /// <summary>Begins a text.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    /// <param name="prompt">Ids that come before, which count for what follows but are not given out; null for none.</param>
    public IncrementalDecoder(PretrainedTokenizer tokenizer, bool skipSpecialTokens = true, IEnumerable<int>? prompt = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _skipSpecialTokens = skipSpecialTokens;
        _stream = tokenizer.OpenDecoder(_text);
        foreach (int id in prompt ?? [])
            Write(id);
        _text.Take();
    }

    /// <summary>Takes the next id.</summary>
    /// <param name="id">The id.</param>
    /// <returns>The text that is certain now, or null.</returns>
    public string? Push(int id)
    {
        if (_isFlushed)
            throw new InvalidOperationException("The decoder has been flushed: begin a new one for a new text.");
        Write(id);
        string text = _text.Take();
        return text.Length > 0 ? text : null;
    }

    /// <summary>Ends the text.</summary>
    /// <returns>What was still held back; empty if nothing was.</returns>
    public string Flush()
    {
        if (_isFlushed)
            return "";
        _isFlushed = true;
        _stream.Flush();
        return _text.Take();
    }

    private void Write(int id)
    {
        if (_tokenizer.ShownToken(id, _skipSpecialTokens) is string token)
            _stream.Write(token, true);
    }
}
