using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>
/// Precompiled: SentencePiece's table of replacements, a double-array trie over UTF-8 and the texts it points to.
/// As in the reference, a grapheme cluster of fewer than six bytes is looked up as a whole and the shortest entry that begins it
/// replaces all of it; anything else is looked up character by character.
/// </summary>
internal sealed class PrecompiledNormalizer : INormalizer
{
    private const int MaxClusterBytes = 5;

    private readonly uint[] _trie;
    private readonly byte[] _texts;
    private readonly string?[] _ascii = new string?[128];
    private readonly SearchValues<char> _unchanged;

    public PrecompiledNormalizer(ReadOnlySpan<byte> table)
    {
        uint size = table.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(table);
        if (size == 0 || size % 4 != 0 || size > table.Length - 4)
            throw new TokenizerException("normalizer: precompiled_charsmap is damaged: its trie is empty or larger than the data.");
        _trie = new uint[size / 4];
        for (int i = 0; i < _trie.Length; i++)
            _trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(table[(4 + 4 * i)..]);
        _texts = table[(4 + (int)size)..].ToArray();
        for (int c = 1; c < 128; c++)
            _ascii[c] = Lookup([(byte)c]);
        _unchanged = SearchValues.Create([.. Enumerable.Range(0, 128).Where(c => c != '\r' && _ascii[c] is null).Select(c => (char)c)]);
    }

    public AlignedText Normalize(AlignedText text)
    {
        if (!text.Span.ContainsAnyExcept(_unchanged))
            return text;
        List<(int CodePoint, int Change)> changes = new(text.Length);
        bool isChanged = false;
        ReadOnlySpan<char> span = text.Span;
        Span<byte> bytes = stackalloc byte[16];
        for (int i = 0; i < span.Length;)
        {
            if (span[i] < 128 && (i + 1 == span.Length || (span[i + 1] < 128 && span[i] != '\r')))
            {
                isChanged |= Replace(span[i], span.Slice(i, 1), _ascii[span[i]], changes);
                i++;
                continue;
            }

            int length = StringInfo.GetNextTextElementLength(span[i..]);
            ReadOnlySpan<char> cluster = span.Slice(i, length);
            i += length;
            if (length <= MaxClusterBytes && Encoding.UTF8.GetByteCount(cluster) <= MaxClusterBytes
                && Lookup(bytes[..Encoding.UTF8.GetBytes(cluster, bytes)]) is string whole)
            {
                isChanged |= Replace(0, cluster, whole, changes);
                continue;
            }

            for (int k = 0; k < cluster.Length;)
            {
                int codePoint = CodePoints.At(cluster, k), width = CodePoints.Width(codePoint);
                ReadOnlySpan<char> single = cluster.Slice(k, width);
                isChanged |= Replace(codePoint, single, Lookup(bytes[..Encoding.UTF8.GetBytes(single, bytes)]), changes);
                k += width;
            }
        }

        if (!isChanged)
            return text;
        AlignedWriter writer = new(text.IsTracked, changes.Count);
        writer.Begin(text);
        foreach ((int codePoint, int change) in changes)
            writer.Put(codePoint, change);
        return writer.Finish(text.Origin);
    }

    /// <summary>
    /// Notes the replacement with its changes of length: what is too much is inserted at the end, what is missing is swallowed
    /// by the character noted last, be it the replacement's or, where that is empty, the one before it.
    /// </summary>
    private static bool Replace(int codePoint, ReadOnlySpan<char> old, string? replacement, List<(int CodePoint, int Change)> changes)
    {
        if (replacement is null)
        {
            changes.Add((codePoint, 0));
            return false;
        }

        int oldCount = CodePoints.Count(old), newCount = CodePoints.Count(replacement), written = 0;
        for (int i = 0; i < replacement.Length; i += CodePoints.Width(CodePoints.At(replacement, i)))
            changes.Add((CodePoints.At(replacement, i), written++ < oldCount ? 0 : 1));
        if (newCount < oldCount && changes.Count > 0)
            changes[^1] = (changes[^1].CodePoint, changes[^1].Change + newCount - oldCount);
        return true;
    }

    /// <summary>The text of the shortest entry that the bytes begin with.</summary>
    private string? Lookup(ReadOnlySpan<byte> bytes)
    {
        long node = Offset(_trie[0]);
        foreach (byte value in bytes)
        {
            if (value == 0)
                return null;
            node ^= value;
            if (node >= _trie.Length)
                return null;
            uint unit = _trie[node];
            if ((unit & 0x800000FF) != value)
                return null;
            node ^= Offset(unit);
            if ((unit >> 8 & 1) == 1)
                return node < _trie.Length ? TextAt((int)(_trie[node] & 0x7FFFFFFF)) : null;
        }

        return null;
    }

    private string? TextAt(int start)
    {
        if (start > _texts.Length)
            return null;
        ReadOnlySpan<byte> rest = _texts.AsSpan(start);
        int end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 1 << 9) >> 6);
}
