using System.Globalization;
using System.Text.RegularExpressions;

namespace LlmCourse.Checkpoints;

/// <summary>The name of one part of a GGUF file that is in several: <c>name-00002-of-00003.gguf</c>.</summary>
/// <param name="Stem">What stands before the numbers, folders included.</param>
/// <param name="Number">Which part it is, from 1.</param>
/// <param name="Count">How many there are.</param>
internal sealed partial record GgufPart(string Stem, int Number, int Count)
{
    /// <summary>The part that a file's name speaks of; null for a file that is whole.</summary>
    public static GgufPart? Of(string path)
    {
        Match match = Numbers().Match(path);
        if (!match.Success)
            return null;
        int number = Int(match.Groups["number"]), count = Int(match.Groups["count"]);
        return number >= 1 && number <= count ? new GgufPart(path[..match.Index], number, count) : null;
    }

    /// <summary>The names of all parts, in order.</summary>
    public IEnumerable<string> All() => Enumerable.Range(1, Count).Select(Name);

    /// <summary>The name of the first part, which has what is said about all.</summary>
    public string First() => Name(1);

    private string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"{Stem}-{number:D5}-of-{Count:D5}.gguf");

    private static int Int(Group digits) => int.Parse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"-(?<number>[0-9]{5})-of-(?<count>[0-9]{5})\.gguf\z", RegexOptions.CultureInvariant)]
    private static partial Regex Numbers();
}
