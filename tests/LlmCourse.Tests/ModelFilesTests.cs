using LlmCourse.Checkpoints;
using LlmCourse.Generation;
using LlmCourse.Tests.Checkpoints;
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
