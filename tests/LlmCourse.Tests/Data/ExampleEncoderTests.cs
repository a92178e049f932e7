using LlmCourse.Data;
using LlmCourse.Tests.Tokenization;
using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Tests.Data;

public sealed class ExampleEncoderTests
{
    private static readonly PretrainedTokenizer Tokenizer = TinyTokenizers.ByteLevel();

    private static readonly Func<IReadOnlyList<ChatMessage>, bool, string> Render = (messages, open) =>
        string.Concat(messages.Select(message => $"[{message.Role}]{message.Content}<|end|>\n")) + (open ? "[assistant]" : "");

    [Fact]
    public void A_completion_ends_with_the_end_and_a_prompt_is_no_label()
    {
        TokenizedExample tokens = Encoder().Encode(new Example("hello", " world"))!;
        Assert.Equal(["hello", "Ġworld", "<|end|>"], Tokens(tokens.Ids));
        Assert.Equal([false, true, true], tokens.IsLabel!);
        Assert.Equal(2, tokens.Labels);
    }

    [Fact]
    public void A_token_that_joins_prompt_and_completion_belongs_to_the_completion()
    {
        // "a hell" alone is "a", " ", "hell"; with "o" behind it the last is "hello".
        TokenizedExample tokens = Encoder().Encode(new Example("a hell", "o world"))!;
        Assert.Equal(["a", "Ġ", "hello", "Ġworld", "<|end|>"], Tokens(tokens.Ids));
        Assert.Equal([false, false, true, true, true], tokens.IsLabel!);
    }

    [Fact]
    public void No_row_loses_its_whole_loss_at_the_seam()
    {
        // The whole prompt goes into the first token: what begins a text stands in front, so that even this token is predicted.
        TokenizedExample tokens = Encoder(bos: TinyLlm.End).Encode(new Example("hell", "o"))!;
        Assert.Equal(["<|end|>", "hello", "<|end|>"], Tokens(tokens.Ids));
        Assert.Equal([false, true, true], tokens.IsLabel!);
        // Without such a token the first one cannot be predicted, but the end can.
        Assert.Equal(1, Encoder().Encode(new Example("hell", "o"))!.Labels);
    }

    [Fact]
    public void Everything_may_be_a_label()
    {
        TokenizedExample tokens = Encoder(new BatchOptions { LossOn = LossOn.Everything }).Encode(new Example("hello", " world"))!;
        Assert.Equal([true, true, true], tokens.IsLabel!);
        Assert.Equal(2, tokens.Labels); // nothing stands before the first
    }

    [Fact]
    public void Every_turn_of_the_assistant_is_a_label_up_to_its_end()
    {
        Example chat = new([new("user", "ab"), new("assistant", "hello"), new("user", "c"), new("assistant", "d")]);
        TokenizedExample tokens = Encoder().Encode(chat)!;
        string labelled = string.Join(' ', Tokens(tokens.Ids).Zip(tokens.IsLabel!).Where(pair => pair.Second).Select(pair => pair.First));
        Assert.Equal("hello <|end|> d <|end|>", labelled); // not the line's end that the template writes behind it
    }

    [Fact]
    public void A_template_that_rewrites_earlier_turns_is_refused()
    {
        ExampleEncoder encoder = Encoder() with { Render = (messages, open) => $"{messages.Count}" + Render(messages, open) };
        Example chat = new([new("user", "a"), new("assistant", "b"), new("user", "c")]) { Source = "chats:3" };
        Assert.Contains("chats:3", Assert.Throws<DataException>(() => encoder.Encode(chat)).Message, StringComparison.Ordinal);
        Assert.Throws<DataException>(() => (Encoder() with { Render = null }).Encode(chat));
    }

    [Theory]
    [InlineData(Truncation.CutEnd, "a b c d", "")] // the completion is what comes last
    [InlineData(Truncation.CutStart, "e f g <|end|>", "f g <|end|>")]
    public void What_is_too_long_is_cut_where_the_options_say(Truncation truncation, string kept, string labels)
    {
        TokenizedExample tokens = Encoder(new BatchOptions { MaxLength = 4, Truncation = truncation }).Encode(new Example("abcde", "fg"))!;
        Assert.Equal(kept.Split(' '), Tokens(tokens.Ids));
        Assert.Equal(labels, string.Join(' ', Tokens(tokens.Ids).Zip(tokens.IsLabel!).Where(pair => pair.Second).Select(pair => pair.First)));
        Assert.Equal(4, tokens.TokensCut);
    }

    [Fact]
    public void A_leading_special_token_survives_a_cut_at_the_start()
    {
        ExampleEncoder encoder = Encoder(new BatchOptions { MaxLength = 3, Truncation = Truncation.CutStart }, bos: TinyLlm.End);
        Assert.Equal(["<|end|>", "d", "<|end|>"], Tokens(encoder.Encode(new Example("<|end|>abc", "d"))!.Ids));
    }

    [Fact]
    public void What_is_too_long_is_left_out_or_refused_where_the_options_say()
    {
        Example example = new("abcde", "fg") { Source = "file:7" };
        Assert.Null(Encoder(new BatchOptions { MaxLength = 4, Truncation = Truncation.LeaveOut }).Encode(example));
        DataException error = Assert.Throws<DataException>(() => Encoder(new BatchOptions { MaxLength = 4, Truncation = Truncation.Refuse }).Encode(example));
        Assert.Contains("file:7", error.Message, StringComparison.Ordinal);
        Assert.Contains("8 tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_encoder_decoder_gets_both_sides_with_their_ends()
    {
        PretrainedTokenizer unigram = TinyTokenizers.Unigram(); // ends every text with </s>, id 1
        ExampleEncoder encoder = Encoder(new BatchOptions { MaxLength = 3, MaxAnswerLength = 2 }) with { Tokenizer = unigram, EncoderDecoder = true, EosId = 1 };
        TokenizedExample tokens = encoder.Encode(new Example("ababc", "ab"))!;
        Assert.Equal([6, 5, 1], tokens.Ids); // ▁ab ab c </s> cut to three, the end kept
        Assert.Equal([6, 1], tokens.Answer!);
        Assert.Equal(1, tokens.TokensCut);
        Assert.Throws<DataException>(() => encoder.Encode(new Example([new("user", "a")])));
    }

    private static ExampleEncoder Encoder(BatchOptions? options = null, int? bos = null) => new()
    {
        Tokenizer = Tokenizer,
        EncoderDecoder = false,
        Render = Render,
        EosId = TinyLlm.End,
        BosId = bos,
        ContextLength = 64,
        Options = options ?? new BatchOptions(),
    };

    private static string[] Tokens(int[] ids) => [.. ids.Select(id => Tokenizer.IdToToken(id)!)];
}
