using System.Text;

namespace LlmCourse.Tests.Tokenization;

/// <summary>SentencePiece models put together by hand, field by field.</summary>
internal static class SentencePieceBytes
{
    /// <summary>A Unigram vocabulary without a begin token, as T5 has it.</summary>
    public static byte[] Unigram(params byte[][] normalizer) => Model(
        1, [("<pad>", 0, 3), ("</s>", 0, 3), ("<unk>", 0, 2), ("\u2581", -2, 1), ("a", -3, 1), ("b", -3, 1), ("\u2581ab", -4, 1), ("<x>", 0, 4)],
        [Number(40, 2), Number(41, ulong.MaxValue), Number(42, 1)], normalizer);

    /// <summary>BPE with bytes, as Llama has it.</summary>
    public static byte[] Bpe(params byte[][] normalizer) => Model(
        2, [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("<0xC3>", 0, 6), ("<0xA9>", 0, 6), ("ab", -1, 1), ("\u2581a", -2, 1), ("\u2581", -3, 1), ("a", -4, 1), ("b", -5, 1)],
        [Number(35, 1)], normalizer.Length > 0 ? normalizer : [Number(4, 0)]);

    public static byte[] Model(ulong kind, (string Token, float Score, ulong Type)[] pieces, byte[][] trainer, byte[][] normalizer) =>
    [
        .. pieces.SelectMany(piece => Message(1, Bytes(1, Encoding.UTF8.GetBytes(piece.Token)), [21, .. BitConverter.GetBytes(piece.Score)], Number(3, piece.Type))),
        .. Message(2, [Number(3, kind), .. trainer]),
        .. Message(3, normalizer),
    ];

    public static byte[] Message(int field, params byte[][] parts) => Bytes(field, [.. parts.SelectMany(part => part)]);

    public static byte[] Bytes(int field, byte[] content) => [.. Varint((ulong)field << 3 | 2), .. Varint((ulong)content.Length), .. content];

    public static byte[] Number(int field, ulong value) => [.. Varint((ulong)field << 3), .. Varint(value)];

    private static byte[] Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 128; value >>= 7)
            bytes.Add((byte)(value | 128));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
