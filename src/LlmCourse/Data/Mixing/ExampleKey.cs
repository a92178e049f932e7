using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Data;

/// <summary>What examples are told apart by.</summary>
internal static class ExampleKey
{
    /// <summary>What the model is given: the prompt, or the turns before the last answer.</summary>
    public static string Input(Example example)
    {
        IEnumerable<ChatMessage> turns = example.Messages;
        if (example.Messages.Count > 0 && example.Messages[^1].Role == "assistant")
            turns = turns.SkipLast(1);
        return example.Messages.Count == 0 ? example.Prompt : Joined(turns);
    }

    /// <summary>All of it.</summary>
    public static string Whole(Example example) =>
        example.Messages.Count == 0 ? $"{example.Prompt}\0{example.Completion}" : Joined(example.Messages);

    /// <summary>A number in [0, 1) that depends on the seed and the key alone, in every process and on every machine.</summary>
    public static double Place(long seed, string key)
    {
        byte[] text = new byte[8 + Encoding.UTF8.GetByteCount(key)];
        BinaryPrimitives.WriteInt64LittleEndian(text, seed);
        Encoding.UTF8.GetBytes(key, text.AsSpan(8));
        return (BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(text)) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>Letters and digits in lower case, with one blank for whatever stands between them. Marks stay with their letters.</summary>
    public static string Normalised(string text)
    {
        StringBuilder result = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool counts = Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark;
            if (counts)
                result.Append(Rune.ToLowerInvariant(rune).ToString());
            else if (result.Length > 0 && result[^1] != ' ')
                result.Append(' ');
        }

        return result.ToString().TrimEnd();
    }

    private static string Joined(IEnumerable<ChatMessage> turns) => string.Concat(turns.Select(turn => $"{turn.Role}\0{turn.Content}\0"));
}
