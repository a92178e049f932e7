using System.Text.RegularExpressions;

namespace Chat;

/// <summary>
/// A small Llama and what it learns: conversations in which somebody says a thing or two about themselves and asks about it
/// later, so that the right answer stands in an earlier turn. Its tokens are the words of such conversations, in small letters.
/// </summary>
internal static partial class SmallTalk
{
    public const string Hint = """
        The small model understands: my name is NAME. i live in TOWN. i like THINGS. and later: what is my name? where do i live? what do i like?
        Names: anna, tom, maria, peter, lucy, paul ... Towns: rome, paris, london, berlin ... Things: cats, dogs, books, music ...
        """;

    private const int Conversations = 6000;
    private const string Pad = "<pad>", End = "<end>", Unknown = "<unk>";
    private const string Template = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}<end>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
    private const string Words = @" ?[a-z]+| ?[^\sa-z]|\s";

    private static readonly string[] Special = [Pad, End, Unknown, "<system>", "<user>", "<assistant>"];

    // What is told, what is said to that, what is asked, what is answered.
    private static readonly (string[] Values, string[] Told, string Reply, string[] Asked, string Answer)[] Facts =
    [
        (["anna", "tom", "maria", "peter", "lucy", "daniel", "susan", "mark", "helen", "paul"],
            ["my name is {0}.", "i am {0}.", "hello, my name is {0}."], "hello, {0}.", ["what is my name?", "who am i?"], "your name is {0}."),
        (["rome", "paris", "london", "berlin", "vienna", "madrid", "prague", "oslo"],
            ["i live in {0}.", "i live in {0} now.", "my home is in {0}."], "i have never been in {0}.", ["where do i live?", "in which town do i live?"], "you live in {0}."),
        (["cats", "dogs", "books", "music", "films", "flowers", "trains", "horses"],
            ["i like {0}.", "i like {0} very much.", "what i like is {0}."], "i like {0} too.", ["what do i like?", "do you know what i like?"], "you like {0}."),
    ];

    /// <summary>The model when it has learnt: from where it was kept, or made now.</summary>
    /// <param name="folder">Where it is kept; null for nowhere.</param>
    /// <param name="seed">Of weights and conversations. Not looked at where one is kept.</param>
    /// <param name="stop">Ends its lessons.</param>
    public static Llm Model(string? folder, int seed, CancellationToken stop) => WordModel.Kept(folder, () => Create(seed), llm =>
    {
        Random random = new(seed);
        Console.WriteLine($"A small model of {llm.Model.ParameterCount:N0} weights learns to converse. (--model takes another.)");
        TrainingDisplay.Show(progress => llm.FineTune(Enumerable.Range(0, Conversations).Select(_ => Draw(random)).ToArray(), new()
        {
            LearningRate = 3e-3,
            Schedule = Schedule.Cosine(StepSpan.Share(0.05)),
            Batches = new() { Size = 16, GroupByLength = true },
            Seed = seed,
        }, progress, stop));
    }, stop);

    /// <summary>A conversation of three to eight turns by chance.</summary>
    private static Example Draw(Random random)
    {
        string?[] told = new string?[Facts.Length];
        List<ChatMessage> messages = [];
        for (int turns = random.Next(3, 9); turns > 0; turns--)
        {
            int about = random.Next(Facts.Length);
            var fact = Facts[about];
            if (told[about] is null && random.Next(4) > 0)
            {
                told[about] = One(fact.Values);
                Turn(string.Format(null, One(fact.Told), told[about]), string.Format(null, fact.Reply, told[about]));
            }
            else if (random.Next(8) == 0)
            {
                Turn(One("hello.", "hello.", "good morning."), told[0] is { } name ? $"hello, {name}." : "hello. what is your name?");
            }
            else
            {
                Turn(One(fact.Asked), told[about] is { } value ? string.Format(null, fact.Answer, value) : "you did not tell me.");
            }
        }

        return new Example(messages);

        string One(params string[] choices) => choices[random.Next(choices.Length)];

        void Turn(string said, string answer) => messages.AddRange([new("user", said), new("assistant", answer)]);
    }

    private static Llm Create(int seed)
    {
        string[] vocabulary = Vocabulary();
        return WordModel.Create(
            WordModel.Llama(vocabulary, width: 64, Pad, End),
            new { tokenizer_class = "PreTrainedTokenizerFast", pad_token = Pad, eos_token = End, unk_token = Unknown, chat_template = Template },
            WordModel.Tokenizer(vocabulary, Special, Unknown, Words, lowers: true),
            seed);
    }

    // Every word that can be in a conversation is in one of a few hundred.
    private static string[] Vocabulary()
    {
        Random random = new(0);
        SortedSet<string> words = new(
            Enumerable.Range(0, 1000).SelectMany(_ => Draw(random).Messages).SelectMany(message => Word().Matches(message.Content)).Select(match => match.Value), StringComparer.Ordinal);
        return [.. Special, .. words];
    }

    [GeneratedRegex(Words)]
    private static partial Regex Word();
}
