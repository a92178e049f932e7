using System.IO.Compression;

namespace LlmCourse.Tokenization.Unicode;

/// <summary>Reads the packed numbers of <see cref="UnicodeTables"/>.</summary>
internal static class PackedTable
{
    public static CodePointSet Ranges(string packed)
    {
        List<(int, int)> ranges = [];
        List<int> numbers = Numbers(packed);
        for (int i = 0, at = 0; i < numbers.Count; i += 2)
        {
            int first = at + numbers[i], last = first + numbers[i + 1];
            ranges.Add((first, last));
            at = last + 1;
        }

        return CodePointSet.FromRanges(ranges);
    }

    public static Dictionary<int, int[]> Mapping(string packed)
    {
        Dictionary<int, int[]> mapping = [];
        List<int> numbers = Numbers(packed);
        for (int i = 0, key = 0; i < numbers.Count; i += 2 + numbers[i + 1])
        {
            key += numbers[i];
            mapping.Add(key, [.. numbers.GetRange(i + 2, numbers[i + 1])]);
        }

        return mapping;
    }

    public static IEnumerable<(int First, int Last, int Value)> Values(string packed)
    {
        List<int> numbers = Numbers(packed);
        for (int i = 0, at = 0; i < numbers.Count; i += 3)
        {
            int first = at + numbers[i], last = first + numbers[i + 1];
            yield return (first, last, numbers[i + 2]);
            at = last + 1;
        }
    }

    private static List<int> Numbers(string packed)
    {
        using DeflateStream stream = new(new MemoryStream(Convert.FromBase64String(packed)), CompressionMode.Decompress);
        List<int> numbers = [];
        int number = 0, shift = 0;
        for (int next = stream.ReadByte(); next >= 0; next = stream.ReadByte())
        {
            number |= (next & 127) << shift;
            shift += 7;
            if (next >= 128)
                continue;
            numbers.Add(number);
            number = shift = 0;
        }

        return numbers;
    }
}
