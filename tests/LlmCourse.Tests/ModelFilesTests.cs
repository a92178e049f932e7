using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tests.Tokenization;
using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Tests;

public sealed class ModelFilesTests
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz";

    [SkippableFact]
    public void A_model_from_a_gguf_file_is_saved_with_its_tokenizer_and_chat_template()
    {
        using TemporaryFolder folder = new();
        using Pretrained made = TinyFamilies.Load("llama");
        using Llm loaded = Llm.Load(folder.Write("x.gguf", TinyLlamaGguf.Build(made, Vocabulary())), new LoadOptions { Device = TestDevice.Device });
        loaded.Save(folder["saved"]);
        using Llm again = Llm.Load(folder["saved"], new LoadOptions { Device = TestDevice.Device });
        ChatMessage[] chat = [new("user", "abc is it"), new("assistant", "é"), new("user", "b")];
        Assert.Equal("<s>user: abc is it</s>assistant: é</s>user: b</s>", loaded.RenderChat(chat));
        Assert.Equal(loaded.RenderChat(chat), again.RenderChat(chat));
        GenerationOptions options = new() { MaxNewTokens = 12 };
        foreach (string prompt in (string[])["abcab", "is it a b", ""])
        {
            Completion want = loaded.Generate(prompt, options), got = again.Generate(prompt, options);
            Assert.Equal(want.Tokens, got.Tokens);
            Assert.Equal(want.Text, got.Text);
        }

        Assert.Equal(loaded.Chat(chat, options).Text, again.Chat(chat, options).Text);
    }

    [SkippableFact]
    public void Answers_have_a_tokenizer_of_their_own_in_training_in_generation_and_after_a_reload()
    {
        using TemporaryFolder folder = TinyLlm.Folder("bart");
        LoadOptions options = new() { Tokenizer = Characters("abcd"), AnswerTokenizer = Characters("wxyz"), Device = TestDevice.Device };
        using Llm llm = Llm.FromConfig(folder.Path, 7, options);
        Example[] examples = [new("a", "w"), new("b", "xy"), new("ab", "zzw"), new("dc", "yx")];
        llm.FineTune(examples, new() { LearningRate = 5e-3, Epochs = 100, Batches = new() { Size = 4 }, Dropout = false });
        Assert.Equal(["w", "xy", "zzw", "yx"], Answers(llm, "a", "b", "ab", "dc"));

        llm.Save(folder["saved"]);
        using Llm again = Llm.Load(folder["saved"], new LoadOptions { Device = TestDevice.Device });
        Assert.Equal(["w", "xy", "zzw", "yx"], Answers(again, "a", "b", "ab", "dc"));

        // Letters with their ids the other way round, and the answers' own tokenizer as it was saved.
        using Llm turned = Llm.Load(folder["saved"], new LoadOptions { Tokenizer = Characters("dcba"), Device = TestDevice.Device });
        Assert.Equal(["w", "xy", "zzw", "yx"], Answers(turned, "d", "c", "dc", "ab"));
        turned.Save(folder["turned"]);
        using Llm last = Llm.Load(folder["turned"], new LoadOptions { Device = TestDevice.Device });
        Assert.Equal(["w", "xy", "zzw", "yx"], Answers(last, "d", "c", "dc", "ab"));
    }

    [SkippableFact]
    public void No_file_of_a_replaced_tokenizer_is_left_but_the_chat_template_stays()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama", chat: true);
        PretrainedTokenizer given = Characters("abcd");
        using Llm llm = Llm.FromConfig(folder.Path, 7, new LoadOptions { Tokenizer = given, Device = TestDevice.Device });
        llm.Save(folder["saved"]);
        Assert.False(File.Exists(Path.Combine(folder["saved"], "tokenizer_config.json")));
        using Llm again = Llm.Load(folder["saved"], new LoadOptions { Device = TestDevice.Device });
        Assert.Equal([4, 5, 6, 7], again.Tokenizer.EncodeIds("abcd")); // behind <pad>, <s>, </s>, <unk>
        Assert.Equal("[user]a<|end|>\n[assistant]", again.RenderChat([new ChatMessage("user", "a")]));
    }

    private static string[] Answers(Llm llm, params string[] prompts) =>
        [.. llm.Generate(prompts, new GenerationOptions { DoSample = false, MaxNewTokens = 6 }).Select(completion => completion.Text)];

    /// <summary>A token for each character, from id 4 on.</summary>
    private static PretrainedTokenizer Characters(string characters) => TinyTokenizers.Words(
        """
        "added_tokens": [{"id": 0, "content": "<pad>", "special": true}, {"id": 1, "content": "<s>", "special": true}, {"id": 2, "content": "</s>", "special": true}],
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": false}, "decoder": {"type": "Fuse"},
        """,
        JsonSerializer.Serialize(((string[])["<pad>", "<s>", "</s>", "<unk>", .. characters.Select(character => character.ToString())])
            .Select((token, id) => (token, id)).ToDictionary(entry => entry.token, entry => entry.id)));

    /// <summary>A SentencePiece vocabulary of as many tokens as the tiny models have.</summary>
    private static Dictionary<string, object> Vocabulary()
    {
        string[] tokens =
        [
            "<unk>", "<s>", "</s>", "<0xC3>", "<0xA9>", "\u2581", .. Letters.Select(letter => $"{letter}"),
            "ab", "abc", "is", "it", "\u2581is", "\u2581it", "\u2581ab", ":", "us", "er", "user", "\u2581user", "th", "the", "\u2581the", "bc",
        ];
        Assert.Equal(TinyFamilies.Vocabulary, tokens.Length);
        return new()
        {
            ["tokenizer.ggml.model"] = "llama",
            ["tokenizer.ggml.tokens"] = tokens,
            ["tokenizer.ggml.scores"] = tokens.Select((_, id) => (float)-id).ToArray(),
            ["tokenizer.ggml.token_type"] = tokens.Select((_, id) => id switch { 0 => 2, 1 or 2 => 3, 3 or 4 => 6, _ => 1 }).ToArray(),
            ["tokenizer.ggml.bos_token_id"] = 1u,
            ["tokenizer.ggml.eos_token_id"] = 2u,
            ["tokenizer.chat_template"] = "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}",
        };
    }
}
