namespace Encoders;

/// <summary>
/// A small world of facts. In which country a town lies is said of every town, what people speak in a country of every country.
/// What they speak in a town is said of half of the towns: of the others it follows.
/// </summary>
internal static class Geography
{
    private static readonly (string Country, string Language, string[] Towns)[] Countries =
    [
        ("france", "french", ["paris", "lyon", "lille", "nantes"]),
        ("italy", "italian", ["rome", "milan", "naples", "turin"]),
        ("germany", "german", ["berlin", "munich", "hamburg", "cologne"]),
        ("spain", "spanish", ["madrid", "seville", "valencia", "bilbao"]),
        ("poland", "polish", ["warsaw", "krakow", "gdansk", "poznan"]),
        ("greece", "greek", ["athens", "patras", "corinth", "volos"]),
    ];

    private static readonly string[] Names = ["anna", "tom", "maria", "peter", "lucy", "paul"];

    public static int LanguageCount => Countries.Length;

    /// <summary>Where each town is, with the country masked, and the country.</summary>
    public static IEnumerable<(string Asked, string Answer)> Places(string mask) =>
        Countries.SelectMany(at => at.Towns.Select(town => ($"{town} is in {mask} .", at.Country)));

    /// <summary>What people speak in each town of which that is said, or of which it is not, with the language masked, and the language.</summary>
    public static IEnumerable<(string Asked, string Answer)> Languages(string mask, bool said) =>
        Countries.SelectMany(at => at.Towns.Where(town => IsSaid(at.Towns, town) == said).Select(town => ($"in {town} people speak {mask} .", at.Language)));

    /// <summary>A sentence to learn from.</summary>
    public static string Sentence(Random random)
    {
        (string country, string language, string[] towns) = random.Of(Countries);
        string town = random.Of(towns), name = random.Of(Names);
        return random.Next(IsSaid(towns, town) ? 6 : 5) switch
        {
            0 => $"{town} is in {country} .",
            1 => $"{town} is a town of {country} .",
            2 => $"{name} lives in {town} , in {country} .",
            3 => $"in {country} {name} saw {town} .",
            4 => $"in {country} people speak {language} .",
            _ => $"in {town} people speak {language} .",
        };
    }

    private static bool IsSaid(string[] towns, string town) => Array.IndexOf(towns, town) % 2 == 0;
}
