namespace LlmCourse.Tokenization.Chat;

/// <summary>A stable sort in Python's order, which may refuse to compare two values.</summary>
internal static class Sorting
{
    public static List<T> Sort<T>(IEnumerable<T> items, Func<T, object?> key, bool reverse = false)
    {
        (object? Key, T Item)[] from = [.. items.Select(item => (key(item), item))];
        var to = new (object? Key, T Item)[from.Length];
        for (int width = 1; width < from.Length; width *= 2)
        {
            for (int start = 0; start < from.Length; start += 2 * width)
                Merge(from, to, start, Math.Min(start + width, from.Length), Math.Min(start + 2 * width, from.Length), reverse);
            (from, to) = (to, from);
        }

        return [.. from.Select(pair => pair.Item)];
    }

    private static void Merge<T>((object? Key, T Item)[] from, (object? Key, T Item)[] to, int left, int middle, int end, bool reverse)
    {
        int right = middle;
        for (int at = left; at < end; at++)
        {
            bool takeRight = left == middle
                || (right < end && (reverse ? Less(from[left].Key, from[right].Key) : Less(from[right].Key, from[left].Key)));
            to[at] = takeRight ? from[right++] : from[left++];
        }
    }

    public static bool Less(object? a, object? b) => PythonOperators.Compare(a, b, "<") < 0;
}
