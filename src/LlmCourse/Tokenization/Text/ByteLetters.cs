namespace LlmCourse.Tokenization.Text;

/// <summary>
/// GPT-2's letters for bytes: printable Latin-1 characters stand for themselves, the other bytes, in order, for U+0100 and on.
/// </summary>
internal static class ByteLetters
{
    private static readonly char[] Letters = MakeLetters();
    private static readonly short[] Bytes = MakeBytes();

    public static char Letter(byte value) => Letters[value];

    /// <summary>The byte a letter stands for, or -1.</summary>
    public static int Byte(char letter) => letter < Bytes.Length ? Bytes[letter] : -1;

    /// <summary>Writes one code point as the letters of its UTF-8 bytes; returns how many.</summary>
    public static int Write(int codePoint, Span<char> letters)
    {
        if (codePoint < 0x80)
        {
            letters[0] = Letters[codePoint];
            return 1;
        }

        int count = codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
        for (int i = count - 1; i > 0; i--)
        {
            letters[i] = Letters[codePoint & 0x3F | 0x80];
            codePoint >>= 6;
        }

        letters[0] = Letters[codePoint | count switch { 2 => 0xC0, 3 => 0xE0, _ => 0xF0 }];
        return count;
    }

    private static char[] MakeLetters()
    {
        char[] letters = new char[256];
        int next = 0x100;
        for (int value = 0; value < 256; value++)
            letters[value] = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : (char)next++;
        return letters;
    }

    private static short[] MakeBytes()
    {
        short[] bytes = new short[0x144];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++)
            bytes[Letters[value]] = (short)value;
        return bytes;
    }
}
