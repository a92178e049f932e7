namespace LlmCourse.Data;

/// <summary>
/// Examples in three parts. Where an example goes depends on the seed and on its group's key, not on its place: with shares it
/// stays in its part when others are added or removed; and a group is never torn apart.
/// </summary>
/// <param name="Train">What to train on.</param>
/// <param name="Validation">What to watch during training; may be empty where none was asked for.</param>
/// <param name="Test">What to measure on; may be empty where none was asked for.</param>
public sealed record Split(IReadOnlyList<Example> Train, IReadOnlyList<Example> Validation, IReadOnlyList<Example> Test)
{
    /// <summary>Splits examples; they are all held in memory.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="options">How large the parts are, and what must stay together.</param>
    /// <returns>The parts, each in the order of the examples.</returns>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="DataException">A part that was asked for, or the training part, would be empty.</exception>
    public static Split Of(IEnumerable<Example> examples, SplitOptions options)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Example[] all = [.. examples];
        string[] keys = [.. all.Select(options.GroupBy ?? ExampleKey.Whole)];
        Dictionary<string, int> sizes = keys.CountBy(key => key, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        Dictionary<string, double> places = sizes.Keys.ToDictionary(key => key, key => ExampleKey.Place(options.Seed, key), StringComparer.Ordinal);
        string[] order = [.. sizes.Keys.OrderBy(key => places[key]).ThenBy(key => key, StringComparer.Ordinal)];

        HashSet<string> test = Chosen(order, sizes, places, 0, options.TestShare, options.TestCount);
        HashSet<string> validation = Chosen([.. order.Where(key => !test.Contains(key))], sizes, places, options.TestShare, options.ValidationShare, options.ValidationCount);
        Split split = new(
            Part(key => !test.Contains(key) && !validation.Contains(key)),
            Part(validation.Contains),
            Part(test.Contains));
        Require(split.Test, options.TestShare > 0 || options.TestCount > 0, "test", all.Length, sizes.Count);
        Require(split.Validation, options.ValidationShare > 0 || options.ValidationCount > 0, "validation", all.Length, sizes.Count);
        Require(split.Train, true, "training", all.Length, sizes.Count);
        return split;

        Example[] Part(Func<string, bool> belongs) => [.. all.Where((_, place) => belongs(keys[place]))];
    }

    /// <summary>The groups whose place is in [from, from + share), or the first ones that have <paramref name="count"/> examples together.</summary>
    private static HashSet<string> Chosen(string[] order, Dictionary<string, int> sizes, Dictionary<string, double> places, double from, double share, int? count)
    {
        HashSet<string> chosen = new(StringComparer.Ordinal);
        int have = 0;
        foreach (string key in order)
        {
            bool belongs = count is { } wanted ? have < wanted : places[key] >= from && places[key] < from + share;
            if (belongs && chosen.Add(key))
                have += sizes[key];
        }

        return chosen;
    }

    private static void Require(IReadOnlyList<Example> part, bool wanted, string name, int examples, int groups)
    {
        if (wanted && part.Count == 0)
            throw new DataException("split", $"the {name} part is empty: there are {examples} examples in {groups} groups. Ask for other sizes, or by {nameof(SplitOptions.TestCount)} and {nameof(SplitOptions.ValidationCount)}.");
    }
}
