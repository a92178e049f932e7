using System.Text;
using System.Text.Json;
using LlmCourse.Adapters;
using LlmCourse.Generation;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tokenization.Chat;
using TorchSharp;

namespace LlmCourse.Tests;

/// <summary>A kept conversation gives what a conversation that is read anew each turn gives.</summary>
public sealed class ChatSessionTests
{
    private const string Template = "{% for m in messages %}{{ m['role'][0] }}:{{ m['content'] }}<|end|>{% endfor %}{% if add_generation_prompt %}a:{% endif %}";

    // Forgets what it was asked before: most of what was read is of no use.
    private const string OnlyLastTwo = "{% for m in messages[-3:] %}{{ m['role'][0] }}:{{ m['content'] | trim }}<|end|>{% endfor %}a:";

    private static readonly GenerationOptions Short = new() { MaxNewTokens = 5, Temperature = 0, EosTokenIds = [] };
    private static readonly string[] Turns = ["ab", "c", "de", "f"];

    public static TheoryData<string> Names => [.. ((IEnumerable<object[]>)TinyFamilies.Decoders).Select(row => (string)row[0]), .. TinyFamilies.NamesByLength];

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Turns_are_those_of_reading_everything_again(string name)
    {
        using Llm llm = Load(name);
        string[] turns = Turns[..(llm.ContextLength < 40 ? 2 : 4)];
        foreach (GenerationOptions options in (GenerationOptions[])[
            Short, Short with { Temperature = 1, Seed = 3 }, Short with { NumBeams = 3 }, Short with { Temperature = 1, Seed = 4, NumReturnSequences = 2 },
            Short with { Assisted = new() { PromptLookupTokens = 3, MaxMatchingNGramSize = 1 } }, Short with { Assisted = new() { Draft = llm.AsDraft(), DraftTokens = 3 } },
            Short with { Guidance = new() { Scale = 1.5 } }])
        {
            using ChatSession chat = llm.StartChat();
            foreach (string turn in turns)
            {
                Completion expected = llm.Chat([.. chat.Messages, new ChatMessage("user", turn)], options);
                int before = chat.ReusedTokens;
                Same(expected, chat.Send(turn, options));
                Assert.Equal(turn == turns[0], chat.ReusedTokens == 0);
                Assert.True(turn == turns[0] || chat.ReusedTokens > before);
            }

            Assert.Equal(2 * turns.Length, chat.Messages.Count);
        }
    }

    // The model has read the last prompt and the answer but its last token, as it wrote them: what the new prompt begins with of these is not
    // read again. Where an answer's text has other tokens than were written, that ends at the first of them.
    [SkippableTheory]
    [InlineData("llama")]
    [InlineData("gpt2")]
    public void A_turn_reads_what_differs_from_the_tokens_before(string name)
    {
        using Llm llm = Load(name);
        using ChatSession chat = llm.StartChat();
        int[] known = [];
        foreach (string turn in Turns[..3])
        {
            int[] prompt = llm.Tokenizer.EncodeIds(llm.RenderChat([.. chat.Messages, new ChatMessage("user", turn)]), addSpecialTokens: false);
            Completion answer = chat.Send(turn, Short);
            Assert.Equal(prompt.Length, answer.PromptTokens);
            Assert.Equal(known.AsSpan().CommonPrefixLength(prompt), chat.ReusedTokens);
            known = [.. prompt, .. answer.Tokens.SkipLast(1)];
        }

        Assert.True(chat.ReusedTokens > 0);
    }

    [SkippableFact]
    public void A_template_that_writes_old_turns_otherwise_costs_reading_and_changes_nothing()
    {
        using Llm llm = Load("llama", OnlyLastTwo);
        using ChatSession chat = llm.StartChat(new() { System = "s" });
        foreach (string turn in Turns)
        {
            Completion expected = llm.Chat([.. chat.Messages, new ChatMessage("user", turn)], Short);
            Same(expected, chat.Send(turn, Short));
        }

        Assert.Equal(9, chat.Messages.Count);
    }

    [SkippableFact]
    public void Variables_reach_the_template()
    {
        using Llm llm = Load("llama", "{% for m in messages %}{{ m.content }}{% endfor %}{{ tools[0].name if tools }}{{ '/no' if enable_thinking is false }}|{{ eos_token }}");
        ChatMessage[] said = [new("user", "ab")];
        Dictionary<string, object?> variables = new()
        {
            ["enable_thinking"] = false,
            ["eos_token"] = "e",
            ["tools"] = JsonDocument.Parse("""[{"name":"f"}]""").RootElement,
        };
        Assert.Equal("abf/no|e", llm.RenderChat(said, addGenerationPrompt: true, variables));
        Assert.DoesNotContain("/no", llm.RenderChat(said), StringComparison.Ordinal);
        using ChatSession chat = llm.StartChat(new() { Variables = variables });
        Completion expected = llm.GenerateFromIds([llm.Tokenizer.EncodeIds("abf/no|e", addSpecialTokens: false)], Short)[0];
        Same(expected, chat.Send("ab", Short));
    }

    [SkippableFact]
    public void Tools_have_a_template_of_their_own_where_the_model_brings_one()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        File.WriteAllText(folder["tokenizer_config.json"], """{"chat_template": [{"name": "default", "template": "{{ messages[0].content }}"}, {"name": "tool_use", "template": "{{ tools|length }} tools"}]}""");
        using Llm llm = Llm.FromConfig(folder.Path, 7, new() { Device = TestDevice.Device });
        ChatMessage[] said = [new("user", "ab")];
        Assert.Equal("ab", llm.RenderChat(said));
        Assert.Equal("2 tools", llm.RenderChat(said, addGenerationPrompt: true, new Dictionary<string, object?> { ["tools"] = new[] { "f", "g" } }));
        Assert.Equal("ab", llm.RenderChat(said, addGenerationPrompt: true, new Dictionary<string, object?> { ["tools"] = null }));
    }

    [SkippableFact]
    public void The_same_message_again_leaves_its_last_token_to_read()
    {
        using Llm llm = Load("llama", "{{ messages[-1]['content'] }}");
        using ChatSession chat = llm.StartChat();
        Completion first = chat.Send("abcd", Short);
        Same(first, chat.Send("abcd", Short));
        Assert.Equal(first.PromptTokens - 1, chat.ReusedTokens);
    }

    [SkippableFact]
    public async Task Streamed_pieces_are_the_answer()
    {
        using Llm llm = Load("llama");
        using ChatSession chat = llm.StartChat();
        foreach (string turn in Turns)
        {
            Completion expected = llm.Chat([.. chat.Messages, new ChatMessage("user", turn)], Short);
            StringBuilder text = new();
            await foreach (string piece in chat.StreamAsync(turn, Short))
                text.Append(piece);
            Assert.Equal(expected.Text, text.ToString());
            Same(expected, chat.Answer!);
            Assert.Equal(new ChatMessage("assistant", expected.Text), chat.Messages[^1]);
        }
    }

    [SkippableTheory]
    [InlineData("llama")]
    [InlineData("gemma3")]
    [InlineData("phi3-long")]
    public async Task After_an_answer_was_stopped_the_reader_and_the_model_know_the_same(string name)
    {
        using Llm llm = Load(name);
        using ChatSession chat = llm.StartChat();
        chat.Send(Turns[0], Short);
        StringBuilder left = new();
        await foreach (string piece in chat.StreamAsync(Turns[1], Short with { MaxNewTokens = 30 }))
        {
            left.Append(piece);
            if (left.Length > 1)
                break;
        }

        Assert.Null(chat.Answer);
        Assert.Equal(new ChatMessage("assistant", left.ToString()), chat.Messages[^1]);
        Assert.Equal(4, chat.Messages.Count);

        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (string _ in chat.StreamAsync(Turns[2], Short with { MaxNewTokens = 30 }, stop.Token))
                await stop.CancelAsync();
        });
        Assert.Equal(6, chat.Messages.Count);
        Completion expected = llm.Chat([.. chat.Messages, new ChatMessage("user", Turns[3])], Short);
        Same(expected, chat.Send(Turns[3], Short));
        Assert.True(chat.ReusedTokens > 0);
    }

    [SkippableFact]
    public async Task A_turn_without_an_answer_leaves_no_message()
    {
        using Llm llm = Load("llama");
        using ChatSession chat = llm.StartChat();
        chat.Send(Turns[0], Short);
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() => chat.Send(Turns[1], Short with
        {
            StopWhen = soFar =>
        {
            if (soFar.Tokens.Count == 2)
                stop.Cancel();
            return false;
        }
        }, stop.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (string _ in chat.StreamAsync(Turns[1], Short, new CancellationToken(canceled: true)))
                Assert.Fail("Nothing may come.");
        });
        InvalidOperationException refused = new();
        Assert.Same(refused, Assert.ThrowsAny<Exception>(() => chat.Send(Turns[1], Short with { StopWhen = _ => throw refused })));
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (string _ in chat.StreamAsync(Turns[1], Short with { StopWhen = soFar => soFar.Tokens.Count < 4 ? false : throw refused }))
                continue;
        });
        Assert.Null(chat.Answer);
        Assert.Equal(2, chat.Messages.Count);
        Completion expected = llm.Chat([.. chat.Messages, new ChatMessage("user", Turns[2])], Short);
        Same(expected, chat.Send(Turns[2], Short));
    }

    [SkippableFact]
    public void A_reset_keeps_the_systems_message_alone()
    {
        using Llm llm = Load("llama");
        using ChatSession chat = llm.StartChat(new() { System = "xyz" });
        ChatMessage system = new("system", "xyz");
        Completion first = chat.Send(Turns[0], Short);
        chat.Send(Turns[1], Short);
        chat.Reset();
        Assert.Equal([system], chat.Messages);
        Assert.Null(chat.Answer);
        Same(llm.Chat([system, new("user", Turns[2])], Short), chat.Send(Turns[2], Short));
        Assert.InRange(chat.ReusedTokens, 6, 8); // "s:xyz<|end|>" and the "u:" behind it, as far as the tokenizer cuts them alike
        chat.Reset();
        Same(first, chat.Send(Turns[0], Short));
    }

    [SkippableFact]
    public void A_full_context_is_an_error_and_changes_nothing()
    {
        using Llm llm = Load("gpt2"); // 64 positions
        using ChatSession chat = llm.StartChat();
        chat.Send(Turns[0], Short);
        PromptTooLongException error = Assert.Throws<PromptTooLongException>(() => chat.Send(new string('q', 80), Short));
        Assert.Contains("64", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, chat.Messages.Count);
        Completion expected = llm.Chat([.. chat.Messages, new ChatMessage("user", Turns[1])], Short);
        Same(expected, chat.Send(Turns[1], Short));
        Assert.True(chat.ReusedTokens > 0);
    }

    [SkippableFact]
    public void The_oldest_turns_may_be_dropped()
    {
        using Llm llm = Load("gpt2");
        using ChatSession chat = llm.StartChat(new() { System = "s", DropOldestTurns = true });
        bool dropped = false;
        for (int turn = 0; turn < 12; turn++)
        {
            int before = chat.Messages.Count;
            Completion answer = chat.Send($"q{turn}", Short);
            Assert.Equal(FinishReason.MaxTokens, answer.FinishReason);
            Assert.Equal("s", chat.Messages[0].Content);
            Assert.Equal($"q{turn}", chat.Messages[^2].Content);
            Assert.All(chat.Messages.Skip(1).Index(), entry => Assert.Equal(entry.Index % 2 == 0 ? "user" : "assistant", entry.Item.Role));
            Same(llm.Chat([.. chat.Messages.SkipLast(1)], Short), answer);
            dropped |= chat.Messages.Count <= before;
        }

        Assert.True(dropped);
        Assert.Throws<PromptTooLongException>(() => chat.Send(new string('q', 80), Short)); // no turn to drop makes room for that
        Assert.NotEmpty(chat.Messages.Skip(1));
    }

    [SkippableFact]
    public void A_view_keeps_its_adapter_and_virtual_tokens()
    {
        using Llm llm = Load("llama");
        llm.Adapters.AddLora("a", new() { Rank = 2, Targets = [LoraOptions.AllLinear] });
        foreach (NamedParameter parameter in llm.Adapters["a"].Parameters)
            torch.nn.init.normal_(parameter.Value, 0, 0.3); // B begins with zeros, and the adapter with no effect
        llm.Adapters.AddPromptTuning("p", new() { VirtualTokens = 3 });
        Assert.NotEqual(llm.Chat(Turns[0], Short).Tokens, llm.With("a").Chat(Turns[0], Short).Tokens);
        foreach (Llm view in (Llm[])[llm.With("a"), llm.With("p"), llm.With("a", "p")])
        {
            using ChatSession chat = view.StartChat();
            foreach (string turn in Turns)
                Same(view.Chat([.. chat.Messages, new ChatMessage("user", turn)], Short), chat.Send(turn, Short));
            Assert.True(chat.ReusedTokens > 0);
        }

        Assert.Throws<ArgumentException>(() => llm.WithRows("a", null).StartChat());
    }

    [SkippableFact]
    public async Task One_turn_at_a_time()
    {
        using Llm llm = Load("llama");
        ChatSession chat = llm.StartChat();
        await foreach (string _ in chat.StreamAsync(Turns[0], Short))
        {
            Assert.Throws<InvalidOperationException>(() => chat.Send(Turns[1], Short));
            Assert.Throws<InvalidOperationException>(chat.Reset);
            Assert.Throws<InvalidOperationException>(chat.Dispose);
        }

        chat.Dispose();
        chat.Dispose();
        Assert.Throws<ObjectDisposedException>(() => chat.Send(Turns[1], Short));
        Assert.Equal(2, chat.Messages.Count);
    }

    [SkippableFact]
    public void Only_a_decoder_with_a_template_converses()
    {
        using Llm both = Load("bart"), mute = Load("llama", null);
        Assert.Contains("encoder", Assert.Throws<InvalidOperationException>(() => both.StartChat()).Message, StringComparison.Ordinal);
        Assert.Contains("chat template", Assert.Throws<InvalidOperationException>(() => mute.StartChat()).Message, StringComparison.Ordinal);
    }

    // What is read in parts is rounded otherwise.
    private static void Same(Completion expected, Completion actual)
    {
        Assert.Equal(expected.Tokens, actual.Tokens);
        Assert.Equal((expected.Text, expected.FinishReason, expected.PromptTokens), (actual.Text, actual.FinishReason, actual.PromptTokens));
        Assert.All(expected.LogProbabilities.Zip(actual.LogProbabilities), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
    }

    private static Llm Load(string name, string? template = Template)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        if (template is not null)
            File.WriteAllText(folder["tokenizer_config.json"], JsonSerializer.Serialize(new { chat_template = template }));
        return Llm.FromConfig(folder.Path, 7, new() { Device = TestDevice.Device });
    }
}

/// <summary>Conversations leave no tensor behind.</summary>
[Collection(ProcessWide.Name)]
public sealed class ChatSessionTensorsTests
{
    [SkippableFact]
    public void Conversations_leave_no_tensor()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama", chat: true);
        using Llm llm = Llm.FromConfig(folder.Path, 7, new() { Device = TestDevice.Device });
        GenerationOptions[] options =
        [
            new() { MaxNewTokens = 3 }, new() { MaxNewTokens = 3, NumBeams = 2 }, new() { MaxNewTokens = 3, Assisted = new() { PromptLookupTokens = 2 } },
            new() { MaxNewTokens = 3, StopWhen = _ => throw new OperationCanceledException() }, new() { MaxNewTokens = 3, StopWhen = _ => throw new ArithmeticException() },
        ];
        ProcessWide.LeavesNoTensors(10, _ =>
        {
            using ChatSession chat = llm.StartChat();
            foreach (GenerationOptions turn in options)
            {
                try
                {
                    chat.Send("hello", turn);
                }
                catch (Exception error) when (error is OperationCanceledException or ArithmeticException)
                {
                }
            }
        });
    }
}
