using System.Globalization;
using System.Text;

namespace LlmCourse.Tests.Fuzzing;

/// <summary>Damages files in the ways in which files get damaged, and in the ways in which attackers would.</summary>
internal static class Mutator
{
    private static readonly long[] Numbers =
    [
        0, 1, 2, -1, 7, 127, 128, 255, 256, 32767, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue,
        3L << 30, 1L << 40, 1L << 61, 1L << 62, long.MaxValue, long.MinValue,
    ];

    /// <summary>One to three kinds of damage to one of the seeds.</summary>
    public static byte[] Mutate(IReadOnlyList<byte[]> seeds, Random random)
    {
        byte[] bytes = seeds[random.Next(seeds.Count)];
        for (int left = random.Next(1, 4); left > 0; left--)
            bytes = Once(bytes, seeds, random);
        return bytes;
    }

    private static byte[] Once(byte[] bytes, IReadOnlyList<byte[]> seeds, Random random) => bytes.Length == 0 ? [0] : random.Next(9) switch
    {
        0 => FlipBits(bytes, random),
        1 => bytes[..random.Next(bytes.Length)],
        2 => BinaryNumber(bytes, random),
        3 => Digit(bytes, random),
        4 => DecimalNumber(bytes, random),
        5 => Splice(bytes, seeds[random.Next(seeds.Count)], random),
        6 => Remove(bytes, random),
        7 => Insert(bytes, random, Slice(bytes, random)),
        _ => Insert(bytes, random, Nest(random)),
    };

    private static byte[] FlipBits(byte[] bytes, Random random)
    {
        byte[] result = [.. bytes];
        for (int left = random.Next(1, 9); left > 0; left--)
            result[random.Next(result.Length)] ^= (byte)(1 << random.Next(8));
        return result;
    }

    /// <summary>A number of 1, 2, 4 or 8 bytes over what was there.</summary>
    private static byte[] BinaryNumber(byte[] bytes, Random random)
    {
        byte[] result = [.. bytes];
        byte[] number = BitConverter.GetBytes(Numbers[random.Next(Numbers.Length)])[..(1 << random.Next(4))];
        int at = random.Next(result.Length);
        number.AsSpan(0, Math.Min(number.Length, result.Length - at)).CopyTo(result.AsSpan(at));
        return result;
    }

    /// <summary>Another digit in the place of one: lengths elsewhere in the file stay right.</summary>
    private static byte[] Digit(byte[] bytes, Random random)
    {
        byte[] result = [.. bytes];
        int at = FindDigit(bytes, random);
        result[at] = (byte)('0' + random.Next(10));
        return result;
    }

    /// <summary>Another number in the place of one.</summary>
    private static byte[] DecimalNumber(byte[] bytes, Random random)
    {
        int from = FindDigit(bytes, random), to = from;
        while (to < bytes.Length && char.IsAsciiDigit((char)bytes[to]))
            to++;
        string[] odd = ["1e999", "-0", "0.5", "1e3", "99999999999999999999", "null", "true", "\"1\"", "[]"];
        string number = random.Next(3) == 0
            ? odd[random.Next(odd.Length)]
            : Numbers[random.Next(Numbers.Length)].ToString(CultureInfo.InvariantCulture);
        return [.. bytes[..from], .. Encoding.ASCII.GetBytes(number), .. bytes[to..]];
    }

    private static int FindDigit(byte[] bytes, Random random)
    {
        int start = random.Next(bytes.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            if (char.IsAsciiDigit((char)bytes[(start + i) % bytes.Length]))
                return (start + i) % bytes.Length;
        }

        return start;
    }

    private static byte[] Splice(byte[] bytes, byte[] other, Random random) =>
        [.. bytes[..random.Next(bytes.Length)], .. other.AsSpan(random.Next(other.Length + 1))];

    private static byte[] Remove(byte[] bytes, Random random)
    {
        int from = random.Next(bytes.Length), to = random.Next(from, Math.Min(bytes.Length, from + 64));
        return [.. bytes[..from], .. bytes[to..]];
    }

    private static byte[] Insert(byte[] bytes, Random random, byte[] more)
    {
        int at = random.Next(bytes.Length + 1);
        return [.. bytes[..at], .. more, .. bytes[at..]];
    }

    private static byte[] Slice(byte[] bytes, Random random)
    {
        int from = random.Next(bytes.Length);
        return bytes[from..random.Next(from, Math.Min(bytes.Length, from + 256))];
    }

    /// <summary>Brackets without end, for readers that recurse.</summary>
    private static byte[] Nest(Random random)
    {
        string[] openings = ["[", "{\"a\":", "[{\"a\":["];
        return Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(openings[random.Next(openings.Length)], random.Next(1, 20_000))));
    }
}
