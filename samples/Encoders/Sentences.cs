namespace Encoders;

/// <summary>Sentences of two kinds: where towns are and people live, and what somebody thought of something.</summary>
internal static class Sentences
{
    private static readonly (string Town, string Country)[] Places =
        [("paris", "france"), ("lyon", "france"), ("rome", "italy"), ("milan", "italy"), ("berlin", "germany"), ("munich", "germany"), ("madrid", "spain"), ("seville", "spain")];

    private static readonly string[] Names = ["anna", "tom", "maria", "peter", "lucy", "paul"], Things = ["film", "book", "concert", "play"];
    private static readonly string[] Good = ["wonderful", "great", "good", "lovely"], Bad = ["dull", "terrible", "bad", "boring"];
    private static readonly string[] Liked = ["loved", "enjoyed"], Disliked = ["hated", "disliked"];

    /// <summary>A sentence of either kind.</summary>
    public static string Any(Random random)
    {
        (string town, string country) = Places[random.Next(Places.Length)];
        return random.Next(4) switch
        {
            0 => $"{town} is in {country} .",
            1 => $"{One(random, Names)} lives in {town} , in {country} .",
            _ => Judged(random).Text,
        };
    }

    /// <summary>What somebody thought, and whether it was good.</summary>
    public static (string Text, bool Good) Judged(Random random)
    {
        bool good = random.Next(2) == 0;
        string thing = One(random, Things), word = One(random, good ? Good : Bad), verb = One(random, good ? Liked : Disliked);
        return (random.Next(4) switch
        {
            0 => $"the {thing} was {word} , i {verb} it .",
            1 => $"{One(random, Names)} found the {thing} {word} .",
            2 => $"i {verb} the {thing} .",
            _ => $"the {thing} was not {One(random, good ? Bad : Good)} .",
        }, good);
    }

    private static string One(Random random, string[] choices) => choices[random.Next(choices.Length)];
}
