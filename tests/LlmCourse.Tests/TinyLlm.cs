using System.Text.Json;
using System.Text.Json.Nodes;
using LlmCourse.Data;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tests.Tokenization;

namespace LlmCourse.Tests;

/// <summary>Folders of tiny random models with a tokenizer, and something to teach them.</summary>
internal static class TinyLlm
{
    /// <summary>The one special token.</summary>
    public const int End = 265;

    private const string Chat = """
        {"chat_template": "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}<|end|>\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"}
        """;

    public static TemporaryFolder Folder(string name, bool chat = false)
    {
        TemporaryFolder folder = new();
        JsonObject config = JsonSerializer.SerializeToNode(TinyFamilies.Config(name))!.AsObject();
        config["vocab_size"] = 300;
        config["eos_token_id"] = End;
        File.WriteAllText(folder["config.json"], config.ToJsonString());
        File.WriteAllText(folder["tokenizer.json"], TinyTokenizers.ByteLevelJson);
        if (chat)
            File.WriteAllText(folder["tokenizer_config.json"], Chat);
        return folder;
    }

    /// <summary>Prompts of random letters, with their first letter in upper case as the completion.</summary>
    public static Example[] Examples(int count, int seed = 1)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            string word = string.Concat(Enumerable.Range(0, random.Next(2, 9)).Select(_ => (char)('a' + random.Next(26))));
            return new Example(word + "=", word[..1].ToUpperInvariant()) { Source = $"words:{i + 1}" };
        })];
    }
}
