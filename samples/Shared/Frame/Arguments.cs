using System.Globalization;

namespace Shared;

/// <summary>What the command line says, taken from it piece by piece: what is left at the end nobody knows.</summary>
internal sealed class Arguments(IEnumerable<string> given)
{
    private readonly List<string> _left = [.. given];

    /// <summary>The first word, which says what to do.</summary>
    /// <exception cref="FormatException">It is none of those.</exception>
    public string Command(params string[] known)
    {
        if (_left is not [string command, ..] || !known.Contains(command))
            throw new FormatException($"Say first what to do: {string.Join(", ", known)}.");
        _left.RemoveAt(0);
        return command;
    }

    /// <summary>The same where the first word may be missing.</summary>
    /// <param name="usual">What is done then.</param>
    /// <param name="others">What else there is.</param>
    public string CommandOr(string usual, params string[] others) =>
        _left is [string word, ..] && !word.StartsWith("--", StringComparison.Ordinal) ? Command([usual, .. others]) : usual;

    /// <summary>Whether an option without a value is there.</summary>
    public bool Flag(string name) => _left.Remove(name);

    /// <summary>The value of an option, or null.</summary>
    /// <exception cref="FormatException">The option is there and its value is not.</exception>
    public string? Text(string name)
    {
        int at = _left.IndexOf(name);
        if (at < 0)
            return null;
        string value = at + 1 < _left.Count && !_left[at + 1].StartsWith("--", StringComparison.Ordinal)
            ? _left[at + 1]
            : throw new FormatException($"{name} needs a value.");
        _left.RemoveRange(at, 2);
        return value;
    }

    /// <summary>The value of an option that must be there.</summary>
    public string Required(string name) => Text(name) ?? throw new FormatException($"{name} is missing.");

    /// <summary>A whole number, or null.</summary>
    public int? Number(string name, int least = 1) => Text(name) is { } value ? Number(name, value, least) : null;

    /// <summary>Whole numbers with commas between them, or null.</summary>
    public IReadOnlyList<int>? Numbers(string name, int least) => Text(name) is { } values ? [.. values.Split(',').Select(value => Number(name, value, least))] : null;

    /// <summary>A number above 0, or null.</summary>
    public double? Real(string name, double most = double.MaxValue) => Text(name) is { } value ? Real(name, value, double.Epsilon, most) : null;

    /// <summary>Numbers from 0 on with commas between them, or null.</summary>
    public IReadOnlyList<double>? Reals(string name, double most) => Text(name) is { } values ? [.. values.Split(',').Select(value => Real(name, value, 0, most))] : null;

    /// <exception cref="FormatException">Something was not asked for.</exception>
    public void RequireNoMore()
    {
        if (_left.Count > 0)
            throw new FormatException($"{_left[0]} is unknown, or there twice.");
    }

    private static int Number(string name, string value, int least) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number
            : throw new FormatException($"{name} must be a number of at least {least}, found '{value}'.");

    private static double Real(string name, string value, double least, double most) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most
            ? number
            : throw new FormatException($"{name} must be a number {(least > 0 ? "above" : "of at least")} 0{(most < double.MaxValue ? $" and at most {most}" : "")}, found '{value}'.");
}
