using System.Buffers;
using LlmCourse.Tokenization.Decoders;
using Microsoft.ML.Tokenizers;

namespace LlmCourse.Tokenization;

/// <content>What Microsoft.ML.Tokenizers asks of a tokenizer.</content>
public sealed partial class PretrainedTokenizer
{
    /// <inheritdoc/>
    public override string Decode(IEnumerable<int> ids) => Decode(ids, skipSpecialTokens: false);

    /// <inheritdoc/>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        IncrementalDecoder decoder = new(this, skipSpecialTokens: false);
        idsConsumed = charsWritten = 0;
        int taken = 0;
        foreach (int id in ids)
        {
            taken++;
            if (decoder.Push(id) is not string piece)
                continue;
            if (!piece.TryCopyTo(destination[charsWritten..]))
                return OperationStatus.DestinationTooSmall;
            charsWritten += piece.Length;
            idsConsumed = taken;
        }

        string rest = decoder.Flush();
        if (!rest.TryCopyTo(destination[charsWritten..]))
            return OperationStatus.DestinationTooSmall;
        charsWritten += rest.Length;
        idsConsumed = taken;
        return OperationStatus.Done;
    }

    /// <inheritdoc/>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        string source = text ?? textSpan.ToString();
        EncodedText encoded = Encode(source);
        int count = Math.Min(settings.MaxTokenCount, encoded.Ids.Count);
        EncodedToken[] tokens = new EncodedToken[count];
        for (int i = 0; i < count; i++)
            tokens[i] = new(encoded.Ids[i], encoded.Tokens[i], new Range(encoded.Offsets[i].Start, encoded.Offsets[i].End));
        return new EncodeResults<EncodedToken>
        {
            Tokens = tokens,
            NormalizedText = null,
            CharsConsumed = count == encoded.Ids.Count ? source.Length : EndOf(encoded, count),
        };
    }

    /// <inheritdoc/>
    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        string source = text ?? textSpan.ToString();
        int[] ids = EncodeIds(source);
        if (ids.Length <= settings.MaxTokenCount)
            return new EncodeResults<int> { Tokens = ids, NormalizedText = null, CharsConsumed = source.Length };
        return new EncodeResults<int> { Tokens = ids[..settings.MaxTokenCount], NormalizedText = null, CharsConsumed = EndOf(Encode(source), settings.MaxTokenCount) };
    }

    /// <inheritdoc/>
    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings) =>
        Math.Min(settings.MaxTokenCount, EncodeIds(text ?? textSpan.ToString()).Length);

    /// <inheritdoc/>
    protected override int GetIndexByTokenCount(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings, bool fromEnd, out string? normalizedText, out int tokenCount)
    {
        string source = text ?? textSpan.ToString();
        EncodedText encoded = Encode(source);
        normalizedText = null;
        tokenCount = Math.Min(settings.MaxTokenCount, encoded.Ids.Count);
        if (tokenCount == encoded.Ids.Count)
            return fromEnd ? 0 : source.Length;
        if (!fromEnd)
            return EndOf(encoded, tokenCount);
        for (int i = encoded.Ids.Count - tokenCount; i < encoded.Ids.Count; i++)
        {
            if (encoded.SpecialTokensMask[i] == 0)
                return encoded.Offsets[i].Start;
        }

        return source.Length;
    }

    /// <summary>How much of the text the first tokens stand for.</summary>
    private static int EndOf(EncodedText encoded, int count)
    {
        int end = 0;
        for (int i = 0; i < count; i++)
            end = Math.Max(end, encoded.Offsets[i].End);
        return end;
    }
}
