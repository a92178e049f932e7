using System.Buffers;
using LlmCourse.Tokenization;
using Microsoft.ML.Tokenizers;

namespace LlmCourse.Tests.Tokenization;

/// <summary>The tokenizer where one of Microsoft.ML.Tokenizers is expected.</summary>
public sealed class TokenizerBaseTests
{
    private readonly Tokenizer _tokenizer = TinyTokenizers.WordPiece();

    [Fact]
    public void It_encodes_with_special_tokens_and_offsets()
    {
        IReadOnlyList<EncodedToken> tokens = _tokenizer.EncodeToTokens("a unaff", out _);
        Assert.Equal(["[CLS]", "a", "un", "##aff", "[SEP]"], tokens.Select(token => token.Value));
        Assert.Equal(new Range(4, 7), tokens[3].Offset);
        Assert.Equal(tokens.Select(token => token.Id), _tokenizer.EncodeToIds("a unaff"));
        Assert.Equal(5, _tokenizer.CountTokens("a unaff"));
    }

    [Fact]
    public void It_cuts_by_tokens()
    {
        Assert.Equal([2, 10, 5], _tokenizer.EncodeToIds("a unaff", 3, out _, out int consumed));
        Assert.Equal(4, consumed);
        Assert.Equal(4, _tokenizer.GetIndexByTokenCount("a unaff", 3, out _, out int count));
        Assert.Equal(3, count);
        Assert.Equal(4, _tokenizer.GetIndexByTokenCountFromEnd("a unaff", 2, out _, out count));
        Assert.Equal(2, count);
        Assert.Equal(7, _tokenizer.GetIndexByTokenCount("a unaff", 9, out _, out count));
        Assert.Equal(5, count);
    }

    [Fact]
    public void It_decodes_into_a_span()
    {
        int[] ids = [2, 10, 5, 6, 3];
        string expected = _tokenizer.Decode(ids)!;
        char[] buffer = new char[64];
        Assert.Equal(OperationStatus.Done, _tokenizer.Decode(ids, buffer, out int consumed, out int written));
        Assert.Equal((5, expected), (consumed, new string(buffer, 0, written)));
        Assert.Equal(OperationStatus.DestinationTooSmall, _tokenizer.Decode(ids, buffer.AsSpan(0, 8), out consumed, out written));
        Assert.Equal((2, "[CLS] a"), (consumed, new string(buffer, 0, written)));
    }
}
