using System.Text.RegularExpressions;

namespace Shared;

/// <summary>
/// Two people arrange to meet: a conversation put together by chance, the questions that it answers, and a summary. Half of
/// what is proposed is refused or only mentioned, so that it is not enough to look for a day, an hour and a place.
/// </summary>
/// <param name="Dialogue">What they say.</param>
/// <param name="Texts">What can be made of it, by kind: a summary as a person would put it, in one of three ways; a note; a message of the first speaker.</param>
/// <param name="Questions">A question and its answer for each task by its name.</param>
/// <param name="Parts">Its parts, each with the tasks that it is enough for.</param>
internal sealed partial record Meeting(
    string Dialogue, IReadOnlyDictionary<string, string> Texts, IReadOnlyDictionary<string, (string Question, string Answer)> Questions, IReadOnlyList<(string Talk, string[] Tasks)> Parts)
{
    private static readonly string[] Names = ["Anna", "Tom", "Maria", "Peter", "Lucy", "Daniel", "Susan", "Mark", "Helen", "Paul"];
    private static readonly string[] Days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    private static readonly string[] Hours = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    private static readonly string[] Places = ["library", "museum", "office", "park", "station", "hotel", "theatre", "school", "market", "garden"];
    private static readonly string[] Topics = ["report", "budget", "contract", "wedding", "journey", "concert", "exam", "film", "holiday", "house"];
    private static readonly string[] Things = ["cake", "map", "camera", "key", "book", "letter", "guitar", "coffee"];

    public static IReadOnlyList<string> Tasks { get; } = ["day", "hour", "place", "topic", "thing", "bringer"];

    /// <summary>What can be made of a dialogue.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["summary", "note", "message"];

    /// <summary>The prompt that asks for a summary: that of the course's second lab, without its last blank.</summary>
    public Example ToSummarise => new($"Summarize the following conversation.\n\n{Dialogue}\n\nSummary:\n", Texts["summary"]) { Task = "summary" };

    /// <summary>The dialogue alone: nothing in the prompt says what is wanted.</summary>
    public Example ToWrite(string kind) => new($"{Dialogue}\n\n", Texts[kind]) { Task = kind };

    public Example Asking(string task) => new($"{Dialogue}\n\n{Questions[task].Question}\n", Questions[task].Answer) { Task = task };

    /// <summary>A part of the dialogue by chance, and what can be asked about it.</summary>
    public Example PartToRead(Random random)
    {
        (string talk, string[] tasks) = Parts[random.Next(Parts.Count)];
        return Reading(talk, tasks, random);
    }

    /// <summary>The dialogue and all questions.</summary>
    public Example WholeToRead(Random random) => Reading(Dialogue, Tasks, random);

    /// <summary>Whether the first line is the answer to the question: a model that has only read goes on with the next question.</summary>
    public static Metric RightAnswer { get; } = new("right", (answer, references) => references.Contains(answer.Split('\n')[0].Trim()) ? 1 : 0);

    /// <summary>Which share of the reference's facts (day, hour, place, topic, who brings what) the answer has.</summary>
    public static Metric FactsRight { get; } = new("facts right", (answer, references) => references.Average(reference => FactsOf(answer, reference)));

    private static double FactsOf(string answer, string reference)
    {
        string[] facts = [.. Fact().Matches(reference).Select(match => match.Value)];
        HashSet<string> said = new(Fact().Matches(answer).Select(match => match.Value), StringComparer.OrdinalIgnoreCase);
        return (double)facts.Count(said.Contains) / facts.Length;
    }

    public static Meeting Draw(Random random)
    {
        string[] names = [.. Two(Names)];
        string[] days = [.. Two(Days)], hours = [.. Two(Hours)], places = [.. Two(Places)];
        string topic = One(Topics), thing = One(Things);
        (string day, string hour, string place) = (days[0], hours[0], places[0]);

        string dayTalk = One<Func<string>>(
            () => $"Do you have time on {day}? I want to talk about the {topic}.\n#Person2#: Hello, {names[1]}. Yes, {day} is good.",
            () => $"We have to talk about the {topic}, on {day} perhaps.\n#Person2#: I have time on {day}, but not on {days[1]}.",
            () => $"Can we talk about the {topic} on {days[1]}?\n#Person2#: Sorry, on {days[1]} I have to work. {day} is better.",
            () => $"Do you have time on {days[1]}? It is about the {topic}.\n#Person2#: Hello, {names[1]}. Not on {days[1]}. How about {day}?")();
        string hourTalk = One(
            $"Good. Can we meet at {hour}?\n#Person2#: At {hour}, yes.",
            $"Then I come at {hour}, not at {hours[1]}.\n#Person2#: That is fine.",
            $"Fine. Is {hours[1]} all right?\n#Person2#: That is too early. Rather at {hour}.",
            $"Good. Can we meet at {hours[1]}?\n#Person2#: At {hours[1]} I have lunch. Come at {hour}.");
        string placeTalk = One(
            $"And where? In the {place}?\n#Person2#: Yes, it is quiet there.",
            $"Shall we go to the {places[1]}?\n#Person2#: No, the {places[1]} is closed. I will be in the {place}.",
            $"Where? In the {places[1]}?\n#Person2#: It is loud there. I know the {place}, that is better.",
            $"I will be in the {place}, it is near the {places[1]}.\n#Person2#: I know it.");
        (string thingTalk, int bringer) = One(
            ($"Please bring the {thing}.\n#Person2#: I will.", 2),
            ($"I will bring the {thing}.\n#Person2#: Thank you.", 1),
            ($"Shall I bring the {thing}?\n#Person2#: No, I have it here.", 2),
            ($"Do you have the {thing}?\n#Person2#: No, you have it. Please bring it.", 1));

        string dialogue = $"#Person1#: {One("Hello", "Good morning", "Hi")}, {names[0]}. {dayTalk}\n#Person1#: {hourTalk}\n#Person1#: {placeTalk}\n#Person1#: {thingTalk}"
            + One("", "\n#Person1#: See you then.", $"\n#Person1#: Goodbye, {names[0]}.");
        string summary = One(
            $"#Person1# and #Person2# will meet on {day} at {hour} in the {place} to talk about the {topic}. #Person{bringer}# will bring the {thing}.",
            $"#Person1# wants to talk to #Person2# about the {topic}. They will meet in the {place} on {day} at {hour}, and #Person{bringer}# will bring the {thing}.",
            $"#Person{bringer}# will bring the {thing} when #Person1# and #Person2# meet on {day} at {hour} in the {place}. They will talk about the {topic}.");
        // Of words that the questions and the dialogues have: an adapter cannot make a model write what it has never read.
        string note = $"On which day: on {day}\nAt what hour: at {hour}\nWhere: in the {place}\nWhat: about the {topic}";
        string message = $"#Person1#: Good. We meet on {day} at {hour} in the {place}. {(bringer == 1 ? "I will" : "Please")} bring the {thing}.";
        Dictionary<string, string> texts = new() { ["summary"] = summary, ["note"] = note, ["message"] = message };
        return new Meeting(dialogue, texts, new Dictionary<string, (string, string)>
        {
            ["day"] = ("On which day will they meet?", $"They will meet on {day}."),
            ["hour"] = ("At what hour will they meet?", $"They will meet at {hour}."),
            ["place"] = ("Where will they meet?", $"They will meet in the {place}."),
            ["topic"] = ("What will they talk about?", $"They will talk about the {topic}."),
            ["thing"] = ("What will one of them bring?", $"One of them will bring the {thing}."),
            ["bringer"] = ("Who will bring it?", $"#Person{bringer}# will bring it."),
        },
        [($"#Person1#: {dayTalk}", ["day", "topic"]), ($"#Person1#: {hourTalk}", ["hour"]), ($"#Person1#: {placeTalk}", ["place"]), ($"#Person1#: {thingTalk}", ["thing", "bringer"])]);

        T One<T>(params T[] choices) => choices[random.Next(choices.Length)];

        IEnumerable<string> Two(string[] choices)
        {
            int first = random.Next(choices.Length);
            return [choices[first], choices[(first + random.Next(1, choices.Length)) % choices.Length]];
        }
    }

    // Questions and answers one under the other, in an order by chance.
    private Example Reading(string talk, IReadOnlyList<string> tasks, Random random)
    {
        string[] order = [.. tasks];
        random.Shuffle(order);
        return new Example($"{talk}\n\n", string.Join('\n', order.Select(task => $"{Questions[task].Question}\n{Questions[task].Answer}"))) { Task = "reading" };
    }

    [GeneratedRegex(@"\bon \w+day|\bat \w+|\bin the \w+|about the \w+|#Person\d# will bring the \w+", RegexOptions.IgnoreCase)]
    private static partial Regex Fact();
}
