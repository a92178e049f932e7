using System.Text;

namespace LlmCourse.Generation;

/// <summary>
/// Watches a text that arrives in pieces for the first stop string, and holds back what may be the beginning of one.
/// What it gives out does not depend on where the pieces are cut. Ordinal comparison.
/// </summary>
internal sealed class StopStringMatcher(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>The stop string that was found, if any. Of several that end at the same place, the longest.</summary>
    public string? Found { get; private set; }

    /// <summary>Takes the next piece of the text.</summary>
    /// <returns>The text which may be shown now: it is before the stop string, and cannot turn out to be part of one.</returns>
    public string Append(string piece)
    {
        if (Found is not null)
            return "";
        foreach (char next in piece)
        {
            _held.Append(next);
            Found = stops.Where(stop => EndsWith(stop, stop.Length)).MaxBy(stop => stop.Length);
            if (Found is null)
                continue;
            string before = _held.ToString(0, _held.Length - Found.Length);
            _held.Clear();
            return before;
        }

        int safe = _held.Length - stops.Select(LongestBeginning).DefaultIfEmpty(0).Max();
        string shown = _held.ToString(0, safe);
        _held.Remove(0, safe);
        return shown;
    }

    /// <summary>Ends the text.</summary>
    /// <returns>What was held back and turned out to be no stop string.</returns>
    public string Flush()
    {
        string rest = _held.ToString();
        _held.Clear();
        return rest;
    }

    /// <summary>How long the longest end of the text is that begins the stop string.</summary>
    private int LongestBeginning(string stop)
    {
        int length = Math.Min(stop.Length - 1, _held.Length);
        while (!EndsWith(stop, length))
            length--;
        return length;
    }

    private bool EndsWith(string stop, int length)
    {
        if (length > _held.Length)
            return false;
        for (int i = 0; i < length; i++)
        {
            if (_held[_held.Length - length + i] != stop[i])
                return false;
        }

        return true;
    }
}
