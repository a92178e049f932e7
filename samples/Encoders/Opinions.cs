namespace Encoders;

/// <summary>What somebody thought of something.</summary>
internal static class Opinions
{
    private const int Labelled = 3; // words of each kind

    private static readonly string[] Names = ["anna", "tom", "maria", "peter", "lucy", "paul"], Things = ["film", "book", "concert", "play"];
    private static readonly string[] Good = ["good", "great", "wonderful", "lovely", "brilliant", "charming", "superb", "delightful", "amusing", "moving", "clever", "splendid"], Bad = ["bad", "dull", "terrible", "boring", "awful", "tedious", "dreadful", "silly", "clumsy", "shallow", "tiresome", "dismal"];
    private static readonly string[] Liked = ["loved", "enjoyed", "praised"], Disliked = ["hated", "disliked", "regretted"];

    public static int TaughtWords => 2 * Labelled;

    public static int UntaughtWords => Good.Length + Bad.Length - TaughtWords;

    /// <summary>A sentence to learn from, of which nobody says what it means: its judgement and its deed fit each other.</summary>
    public static string Sentence(Random random)
    {
        bool good = random.Next(2) == 0;
        string thing = random.Of(Things), name = random.Of(Names), word = random.Of(good ? Good : Bad), opposite = random.Of(good ? Bad : Good), verb = random.Of(good ? Liked : Disliked);
        return random.Next(4) switch
        {
            0 => $"the {thing} was {word} , {name} {verb} it .",
            1 => $"the {thing} was not {opposite} , {name} {verb} it .",
            2 => $"{name} {verb} the {thing} , it was {word} .",
            _ => $"{name} {verb} the {thing} , it was not {opposite} .",
        };
    }

    /// <summary>What a teacher says is good or bad: every sentence with one of few words.</summary>
    public static IEnumerable<(string Text, bool Good)> Taught => With(Good[..Labelled], Bad[..Labelled]);

    /// <summary>The same sentences with the other words.</summary>
    public static IEnumerable<(string Text, bool Good)> Untaught => With(Good[Labelled..], Bad[Labelled..]);

    private static IEnumerable<(string Text, bool Good)> With(string[] good, string[] bad) =>
        from word in good.Concat(bad)
        let isGood = good.Contains(word)
        from thing in Things
        from opinion in ((string, bool)[])[($"the {thing} was {word} .", isGood), ($"the {thing} was not {word} .", !isGood)]
        select opinion;
}
